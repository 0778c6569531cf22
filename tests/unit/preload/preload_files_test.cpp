// Descriptors of emulated nodes: opened, recognised, read, written, listed.
#include <array>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "runtime/preload/directories/directories.hpp"
#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/files/lock_calls.hpp"
#include "runtime/preload/paths/stat_calls.hpp"
#include "runtime/preload/streams/node_streams.hpp"
#include "runtime/preload/streams/stream_calls.hpp"
#include "tests/unit/preload/descriptor_message.hpp"
#include "tests/unit/preload/preload_support.hpp"

namespace daxemu::preload {
namespace {

int open_node(const std::string& path, int flags) {
  const auto node = context().tree().lookup(path);
  EXPECT_TRUE(node) << path;
  const auto fd = context().opener().open(*node, flags);
  return fd ? *fd : -fd.error().value;
}
std::string attribute(const char* name) {
  return std::string(kDeviceDirectory) + "/" + name;
}
std::string read_whole(int fd) {
  std::array<char, 4096> text{};
  const ssize_t length =
      read_call(fd, text.data(), text.size(), kAtPosition, [&] { return ::read(fd, text.data(), text.size()); });
  return length < 0 ? "errno " + std::to_string(errno) : std::string(text.data(), static_cast<std::size_t>(length));
}
int store(int fd, const std::string& text) {
  const ssize_t length =
      write_call(fd, text.data(), text.size(), kAtPosition, [&] { return ::write(fd, text.data(), text.size()); });
  return length < 0 ? errno : 0;
}

TEST(Opener, FollowsTheRulesOfOpen) {
  EXPECT_EQ(open_node(kDeviceNode, O_RDWR | O_DIRECT), -EINVAL);
  EXPECT_EQ(open_node(kDeviceNode, O_RDWR | O_CREAT | O_EXCL), -EEXIST);
  EXPECT_EQ(open_node(kDeviceNode, O_RDONLY | O_DIRECTORY), -ENOTDIR);
  EXPECT_EQ(open_node(kDeviceNode, O_RDONLY | O_TMPFILE), -EINVAL);
  EXPECT_EQ(open_node(kDeviceDirectory, O_RDWR), -EISDIR);
  EXPECT_EQ(open_node(kDeviceDirectory, O_RDONLY | O_CREAT), -EISDIR);
  EXPECT_EQ(open_node(kDeviceLink, O_RDONLY | O_NOFOLLOW), -ELOOP);
  EXPECT_EQ(open_node(attribute("dev"), O_WRONLY), -EACCES); // even for root
  EXPECT_EQ(open_node(attribute("size"), O_RDONLY | O_DIRECT), -EINVAL);
}

TEST(Opener, NeverTruncatesADevice) {
  const int fd = open_node(kDeviceNode, O_RDWR | O_CREAT | O_TRUNC);
  ASSERT_GE(fd, 0);
  struct stat about {};
  ASSERT_EQ(::fstat(backing(), &about), 0);
  EXPECT_EQ(about.st_size, static_cast<off_t>(kDeviceSize));
  ::close(fd);
}

TEST(Opener, TakesTheLowestFreeNumber) {
  ::close(open_node(kDeviceNode, O_RDONLY)); // the platform of these tests has descriptors of its own from here on
  const int first = ::dup(0);
  ::close(first);
  for (const std::string& path : {std::string(kDeviceNode), attribute("size"), std::string(kDeviceDirectory)}) {
    const int fd = open_node(path, O_RDONLY);
    EXPECT_EQ(fd, first) << path;
    ::close(fd);
    FdTable::forget(fd);
  }
}

TEST(Opener, KeepsTheFlagsThatFcntlShows) {
  const int fd = open_node(attribute("size"), O_RDONLY | O_CLOEXEC);
  const int flags = fcntl_slow(fd, F_GETFL, 0, [fd] { return ::fcntl(fd, F_GETFL); });
  EXPECT_EQ(flags & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  ::close(fd);
  const int inherited = open_node(attribute("size"), O_RDWR);
  EXPECT_EQ(::fcntl(inherited, F_GETFL) & O_ACCMODE, O_RDWR);
  EXPECT_EQ(::fcntl(inherited, F_GETFD), 0);
  ::close(inherited);
  FdTable::forget_all();
}

TEST(Descriptors, RecogniseWhatIsOpenHoweverItArrived) {
  const Descriptors& descriptors = context().descriptors();
  FdTable::forget_all();
  const int device = ::open(node().record.location.c_str(), O_RDWR);
  EXPECT_EQ(descriptors.classify(device), FdClass::device);
  const int copy = ::dup(device);
  EXPECT_EQ(descriptors.device(copy), &context().store().devices()[0]);
  const int size = open_node(attribute("size"), O_RDONLY);
  const int size_copy = ::dup(size);
  FdTable::forget_all();
  EXPECT_EQ(descriptors.classify(size_copy), FdClass::attribute);
  EXPECT_EQ(descriptors.node(size_copy)->path.view(), attribute("size"));
  const int sys = ::open("/sys/bus", O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(descriptors.classify(sys), FdClass::directory);
  EXPECT_FALSE(Descriptors::is_vnode(sys));
  const int null = ::open("/dev/null", O_RDWR);
  EXPECT_EQ(descriptors.classify(null), FdClass::foreign);
  EXPECT_TRUE(FdTable::is_foreign(null));
  EXPECT_EQ(descriptors.classify(999999), FdClass::foreign);
  for (const int fd : {device, copy, size, size_copy, sys, null}) {
    ::close(fd);
  }
  FdTable::forget_all();
}

TEST(Descriptors, ForgetWhatArrivesOverASocket) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  DescriptorMessage sent(node().fd.get());
  ASSERT_EQ(::sendmsg(ends[0], sent.header(), 0), 1);
  const int expected = ::dup(0);
  ::close(expected);
  FdTable::set(expected, FdClass::foreign); // what had the number before
  DescriptorMessage received;
  ASSERT_EQ(::recvmsg(ends[1], received.header(), 0), 1);
  note_received(*received.header());
  EXPECT_EQ(context().descriptors().classify(expected), FdClass::device);
  for (const int fd : {ends[0], ends[1], expected}) {
    ::close(fd);
  }
  FdTable::forget_all();
}

TEST(VnodeFiles, ShowAnAttributeAnewAtOffsetZero) {
  const int fd = open_node(attribute("size"), O_RDONLY);
  EXPECT_EQ(read_whole(fd), std::to_string(kDeviceSize) + "\n");
  EXPECT_EQ(read_whole(fd), "");
  auto& device = context().store().devices()[0];
  device.size.store(kPmdSize);
  EXPECT_EQ(::lseek(fd, 0, SEEK_SET), 0);
  EXPECT_EQ(read_whole(fd), std::to_string(kPmdSize) + "\n");
  device.size.store(kDeviceSize);
  ::close(fd);
  FdTable::forget(fd);
}

TEST(VnodeFiles, HandWritesToTheAttribute) {
  const int fd = open_node(attribute("align"), O_WRONLY);
  EXPECT_EQ(store(fd, "rubbish"), ENXIO); // align_store
  EXPECT_EQ(store(fd, "4096"), EBUSY);    // bound
  EXPECT_EQ(store(fd, ""), 0);            // sysfs_kf_write
  ::close(fd);
  FdTable::forget(fd);
  const int read_only = open_node(attribute("align"), O_RDONLY);
  EXPECT_EQ(store(read_only, "4096"), EBADF);
  ::close(read_only);
  FdTable::forget(read_only);
}

TEST(VnodeFiles, HarvestTextOnce) {
  const int fd = open_node(attribute("align"), O_WRONLY);
  ASSERT_EQ(::write(fd, "x\n", 2), 2); // as stdio inside libc does
  const auto node = context().descriptors().node(fd);
  const auto first = context().files().harvest(fd, *node);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().value, ENXIO); // align_store
  EXPECT_TRUE(context().files().harvest(fd, *node));
  ::close(fd);
  FdTable::forget(fd);
}

TEST(DeviceCalls, AreRefusedEachByItsOwnCheck) {
  const int fd = open_node(kDeviceNode, O_RDWR);
  ASSERT_GE(fd, 0);
  const auto never = [] {
    ADD_FAILURE() << "libc was asked";
    return 0;
  };
  EXPECT_EQ(read_slow(fd, nullptr, 0, kAtPosition, never), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(store(fd, "x"), EINVAL);
  EXPECT_EQ(seek_slow(fd, 12345, SEEK_SET, never), 0);
  EXPECT_EQ(seek_slow(fd, 0, 99, never), -1);
  EXPECT_EQ(errno, EINVAL);
  const auto errno_of = [fd, &never](Operation operation) {
    return operate_slow(fd, operation, never) == -1 ? errno : 0;
  };
  EXPECT_EQ(errno_of(Operation::sync), EINVAL);
  EXPECT_EQ(errno_of(Operation::truncate), EINVAL);
  EXPECT_EQ(errno_of(Operation::allocate), ENODEV);
  EXPECT_EQ(errno_of(Operation::control), ENOTTY);
  EXPECT_EQ(errno_of(Operation::sync_range), ESPIPE);
  EXPECT_EQ(errno_of(Operation::read_ahead), EINVAL);
  EXPECT_EQ(advise_slow(fd, 0, 0, POSIX_FADV_DONTNEED, never), 0);
  EXPECT_EQ(advise_slow(fd, 0, 0, 77, never), EINVAL);
  EXPECT_EQ(fcntl_slow(fd, F_GET_SEALS, 0, never), -1);
  EXPECT_EQ(errno, EINVAL);
  ::close(fd);
  FdTable::forget(fd);
}

TEST(DeviceCalls, NeedTheRightAccessFirst) {
  const int fd = open_node(kDeviceNode, O_RDONLY);
  EXPECT_EQ(store(fd, "x"), EBADF);
  ::close(fd);
  FdTable::forget(fd);
  const int path = open_node(kDeviceNode, O_PATH);
  EXPECT_EQ(read_slow(path, nullptr, 0, kAtPosition, [] { return 0; }), -1);
  EXPECT_EQ(errno, EBADF);
  ::close(path);
  FdTable::forget(path);
}

// What reaches the kernel past us: nothing here is interposed.
TEST(DeviceDescriptor, IsHarmlessByItself) {
  char bytes[8] = "tooth";
  ASSERT_EQ(::pwrite(backing(), "original", 8, 0), 8);
  const auto error_of = [](long done) { return done == -1 ? errno : 0; };
  for (const int mode : {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND}) {
    const int fd = open_node(kDeviceNode, mode);
    ASSERT_GE(fd, 0);
    const int reads = (mode & O_ACCMODE) == O_WRONLY ? EBADF : EINVAL;
    const int writes = (mode & O_ACCMODE) == O_RDONLY ? EBADF : EINVAL;
    iovec piece{bytes, 5};
    for (const int copy : {fd, ::dup(fd)}) {
      EXPECT_EQ(error_of(::read(copy, bytes, 5)), reads);
      EXPECT_EQ(error_of(::readv(copy, &piece, 1)), reads);
      EXPECT_EQ(error_of(::write(copy, bytes, 5)), writes);
      EXPECT_EQ(error_of(::writev(copy, &piece, 1)), writes);
      EXPECT_EQ(error_of(::dprintf(copy, "hello")), writes);
    }
    EXPECT_LE(::pread(fd, bytes, 5, 0), 0);
    EXPECT_EQ(::pwrite(fd, bytes, 5, 0), -1);
    EXPECT_EQ(::ftruncate(fd, 5), -1);
    EXPECT_EQ(::fallocate(fd, 0, 0, 4096), -1);
    EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    EXPECT_EQ(context().descriptors().device(fd), &context().store().devices()[0]);
    ::close(fd);
  }
  EXPECT_STREQ(bytes, "tooth");
  char now[9] = {};
  ASSERT_EQ(::pread(backing(), now, 8, 0), 8);
  EXPECT_STREQ(now, "original");
  FdTable::forget_all();
}

TEST(DeviceDescriptor, HasTheLocksOfTheKernelFromItsOwnPosition) {
  const int fd = open_node(kDeviceNode, O_RDWR);
  const int other = open_node(kDeviceNode, O_RDWR);
  const auto real = [](int number, int command, struct flock& lock) {
    return [=, &lock] { return ::fcntl(number, command, &lock); };
  };
  const auto ask = [&](int number, int command, struct flock& lock) {
    return fcntl_slow(number, command, reinterpret_cast<long>(&lock), real(number, command, lock));
  };
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_CUR;
  lock.l_len = 100;
  ASSERT_EQ(ask(fd, F_OFD_SETLK, lock), 0) << errno;
  EXPECT_EQ(lock.l_whence, SEEK_CUR); // the caller's struct is not touched
  ASSERT_EQ(ask(other, F_OFD_GETLK, lock), 0);
  EXPECT_EQ(lock.l_type, F_WRLCK);
  EXPECT_EQ(lock.l_whence, SEEK_SET);
  EXPECT_EQ(lock.l_start, 0);
  EXPECT_EQ(lock.l_len, 100);
  lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_CUR;
  lock.l_start = 100;
  ASSERT_EQ(ask(other, F_OFD_GETLK, lock), 0);
  EXPECT_EQ(lock.l_type, F_UNLCK);
  EXPECT_EQ(lock.l_whence, SEEK_CUR);
  lock.l_whence = SEEK_END; // the end is 0 as well
  lock.l_type = F_WRLCK;
  lock.l_start = -1;
  EXPECT_EQ(ask(other, F_OFD_SETLK, lock), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(lock_section(other, F_TLOCK, 10, [] { return 77; }), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(lock_section(0, F_TLOCK, 10, [] { return 77; }), 77); // no device
  EXPECT_EQ(fcntl_slow(fd, F_SETLK, 8, [fd] { return ::fcntl(fd, F_SETLK, 8); }), -1);
  EXPECT_EQ(errno, EFAULT);
  for (const int number : {fd, other}) {
    ::close(number);
  }
  FdTable::forget_all();
}

// A FILE of libc, whose calls nobody stands between, refuses as the device does, wherever it is moved to.
TEST(Streams, RefuseAsTheDeviceDoes) {
  const RealStdio stdio{::fdopen, ::fileno, std::fflush, std::fclose};
  for (const char* mode : {"r+", "a+"}) {
    const int fd = open_node(kDeviceNode, O_RDWR);
    FILE* stream = open_stream_over(fd, mode, stdio);
    ASSERT_NE(stream, nullptr);
    const auto tell = [&] { return tell_stream(stream, [&] { return ::ftello(stream); }); };
    const auto seek = [&](off_t offset, int whence) {
      return seek_stream(stream, offset, whence, [&](off_t asked) { return ::fseeko(stream, asked, whence); });
    };
    EXPECT_EQ(tell(), 0);
    for (const int whence : {SEEK_SET, SEEK_CUR, SEEK_END}) {
      errno = 0;
      EXPECT_EQ(std::fgetc(stream), EOF);
      EXPECT_EQ(errno, EINVAL) << mode;
      EXPECT_FALSE(std::feof(stream));
      std::clearerr(stream);
      EXPECT_EQ(seek(4096, whence), 0);
      EXPECT_EQ(tell(), 0);
    }
    EXPECT_EQ(seek(-4096, SEEK_END), 0);
    EXPECT_NE(std::fputs("text", stream), EOF);
    EXPECT_EQ(tell(), 4); // as far as the stream knows
    EXPECT_EQ(std::fflush(stream), EOF);
    EXPECT_EQ(errno, EINVAL);
    std::fclose(stream);
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  }
  FdTable::forget_all();
}

TEST(NodeStreams, ReadAndWriteAnAttribute) {
  FILE* stream = NodeStreams::open(open_node(attribute("align"), O_RDWR), "r+");
  ASSERT_NE(stream, nullptr);
  char text[32] = {};
  EXPECT_STREQ(std::fgets(text, sizeof text, stream), "2097152\n");
  std::rewind(stream);
  EXPECT_NE(std::fputs("rubbish", stream), EOF);
  EXPECT_EQ(std::fflush(stream), EOF);
  EXPECT_EQ(errno, ENXIO); // align_store
  std::fclose(stream);
}

TEST(StatCalls, DescribeTheNodeBehindADescriptor) {
  const int fd = open_node(kDeviceNode, O_RDWR);
  struct stat about {};
  EXPECT_EQ(stat_descriptor(fd, &about, [&] { return ::fstat(fd, &about); }), 0);
  EXPECT_TRUE(S_ISCHR(about.st_mode));
  EXPECT_EQ(about.st_size, 0);
  struct stat by_path {};
  EXPECT_EQ(stat_path(AT_FDCWD, kDeviceNode, 0, &by_path, [](const char*) { return -1; }), 0);
  EXPECT_EQ(about.st_ino, by_path.st_ino);
  EXPECT_EQ(about.st_rdev, by_path.st_rdev);
  ::close(fd);
  FdTable::forget(fd);
}

TEST(Directories, ListEmulatedEntries) {
  const int fd = open_node("/sys/bus/dax/devices", O_RDONLY | O_DIRECTORY);
  auto stream = Directories::adopt(context(), fd);
  ASSERT_TRUE(stream && *stream != nullptr);
  Directory* directory = Directories::find(*stream);
  ASSERT_NE(directory, nullptr);
  std::vector<std::string> names;
  while (const struct dirent* entry = directory->read()) {
    names.emplace_back(entry->d_name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{".", "..", "dax0.0"}));
  directory->rewind(context());
  const long start = directory->tell();
  EXPECT_STREQ(directory->read()->d_name, ".");
  directory->seek(start);
  EXPECT_STREQ(directory->read()->d_name, ".");
  EXPECT_NE(Directories::remove(*stream), nullptr);
  EXPECT_EQ(Directories::find(*stream), nullptr);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1); // closed with its stream
}

TEST(Directories, MergeWithTheRealOnes) {
  const int fd = ::open("/dev", O_RDONLY | O_DIRECTORY);
  auto stream = Directories::adopt(context(), fd);
  ASSERT_TRUE(stream && *stream != nullptr);
  int devices = 0;
  int nulls = 0;
  while (const struct dirent* entry = Directories::find(*stream)->read()) {
    devices += std::string(entry->d_name) == "dax0.0" && entry->d_type == DT_CHR ? 1 : 0;
    nulls += std::string(entry->d_name) == "null" ? 1 : 0;
  }
  EXPECT_EQ(devices, 1);
  EXPECT_EQ(nulls, 1);
  EXPECT_NE(Directories::remove(*stream), nullptr);
}

TEST(Directories, LeaveOrdinaryOnesAlone) {
  const int fd = ::open("/usr", O_RDONLY | O_DIRECTORY);
  const auto stream = Directories::adopt(context(), fd);
  EXPECT_TRUE(stream && *stream == nullptr);
  EXPECT_EQ(::close(fd), 0);
}

} // namespace
} // namespace daxemu::preload
