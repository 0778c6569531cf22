// The disk that a raw namespace of the nd bus is, as a program meets it: run under daxemu with a pmem region of 64M.
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <aio.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/fs.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace {

constexpr const char* kDisk = "/dev/pmem0";
constexpr std::uint64_t kData = 2ULL << 20; // where the device's memory begins
constexpr std::uint64_t kSize = kData + (64ULL << 20);
const std::string kDrivers = "/sys/bus/nd/drivers/";
const std::string kRegion = "/sys/bus/nd/devices/region0/";

// Where nothing is, which no compiler knows.
void* nowhere() {
  static volatile std::uintptr_t address = 16;
  return reinterpret_cast<void*>(address);
}

// 0, or the errno of writing `text` to an attribute.
int put(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return errno;
  }
  const int code = ::write(fd, text.data(), text.size()) < 0 ? errno : 0;
  ::close(fd);
  return code;
}
std::string get(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Takes the namespace away from whoever has it.
void take_out() {
  const std::string dax = get(kRegion + "namespace0.0/holder");
  if (!dax.empty()) {
    put(kDrivers + "dax_pmem/unbind", dax);
    put(kRegion + dax + "/namespace", "\n");
  }
  put(kDrivers + "nd_pmem/unbind", "namespace0.0");
}

class Disk : public testing::Test {
protected:
  void SetUp() override {
    take_out();
    ASSERT_EQ(put(kRegion + "namespace0.0/force_raw", "1"), 0);
    ASSERT_EQ(put(kDrivers + "nd_pmem/bind", "namespace0.0"), 0);
  }
  void TearDown() override {
    take_out();
    put(kRegion + "namespace0.0/force_raw", "0");
  }
};

struct Fd {
  explicit Fd(int flags) : number(::open(kDisk, flags | O_CLOEXEC)) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (number >= 0) {
      ::close(number);
    }
  }
  int number;
};

template <class Value>
Value asked(int fd, unsigned long request) {
  Value value{};
  EXPECT_EQ(::ioctl(fd, request, &value), 0) << request;
  return value;
}
int error_of(long done) {
  return done < 0 ? errno : 0;
}

TEST_F(Disk, IsABlockDeviceInDev) {
  struct stat about {};
  ASSERT_EQ(::stat(kDisk, &about), 0);
  EXPECT_EQ(about.st_mode, S_IFBLK | 0660U);
  EXPECT_EQ(major(about.st_rdev), 259U);
  bool listed = false;
  for (const auto& entry : std::filesystem::directory_iterator("/dev")) {
    listed = listed || (entry.path() == kDisk && entry.is_block_file());
  }
  EXPECT_TRUE(listed);
  EXPECT_TRUE(std::filesystem::exists("/sys/block/pmem0/queue"));
  EXPECT_EQ(std::filesystem::canonical("/sys/class/block/pmem0"), std::filesystem::canonical("/sys/block/pmem0"));
  const Fd disk(O_RDONLY);
  ASSERT_GE(disk.number, 0);
  struct stat opened {};
  ASSERT_EQ(::fstat(disk.number, &opened), 0);
  EXPECT_EQ(opened.st_rdev, about.st_rdev);
  EXPECT_EQ(opened.st_ino, about.st_ino);
  EXPECT_EQ(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(disk.number)), kDisk);
}

TEST_F(Disk, AnswersWhatProgramsAskOfIt) {
  const Fd disk(O_RDONLY);
  EXPECT_EQ(asked<std::uint64_t>(disk.number, BLKGETSIZE64), kSize);
  EXPECT_EQ(asked<unsigned long>(disk.number, BLKGETSIZE), kSize / 512);
  EXPECT_EQ(asked<int>(disk.number, BLKSSZGET), 512);
  EXPECT_EQ(asked<unsigned>(disk.number, BLKPBSZGET), 4096U);
  EXPECT_EQ(asked<int>(disk.number, BLKBSZGET), 4096);
  EXPECT_EQ(asked<int>(disk.number, BLKROGET), 0);
  int value = 0;
  EXPECT_EQ(error_of(::ioctl(disk.number, BLKRRPART, &value)), EINVAL);
  EXPECT_EQ(error_of(::ioctl(disk.number, 0x5401, &value)), ENOTTY);
  EXPECT_EQ(error_of(::ioctl(disk.number, BLKSSZGET, nowhere())), EFAULT);
  EXPECT_EQ(::lseek(disk.number, 0, SEEK_END), static_cast<off_t>(kSize));
  EXPECT_EQ(error_of(::lseek(disk.number, 1, SEEK_CUR)), EINVAL);
  EXPECT_EQ(error_of(::lseek(disk.number, 0, SEEK_DATA)), EINVAL);
}

TEST_F(Disk, KeepsWhatIsWrittenWhereverItLies) {
  const Fd disk(O_RDWR);
  std::vector<char> text(std::size_t{3} * 4096);
  for (std::size_t at = 0; at < text.size(); ++at) {
    text[at] = static_cast<char>(at % 251);
  }
  // In the reserve, in the memory, and over the border of both.
  for (const std::uint64_t place : {std::uint64_t{65536}, kData + (8 << 20) + 512, kData - 4096}) {
    ASSERT_EQ(::pwrite(disk.number, text.data(), text.size(), static_cast<off_t>(place)),
              static_cast<ssize_t>(text.size()));
    std::vector<char> read(text.size());
    ASSERT_EQ(::pread(disk.number, read.data(), read.size(), static_cast<off_t>(place)),
              static_cast<ssize_t>(read.size()));
    EXPECT_EQ(read, text) << place;
  }
  // At the description's position, which copies of the descriptor share.
  ASSERT_EQ(::lseek(disk.number, 1 << 16, SEEK_SET), 1 << 16);
  std::array<char, 100> first{};
  std::array<char, 28> second{};
  const iovec pieces[] = {{first.data(), first.size()}, {second.data(), second.size()}};
  ASSERT_EQ(::readv(disk.number, pieces, 2), 128);
  EXPECT_EQ(std::memcmp(first.data(), text.data(), 100), 0);
  EXPECT_EQ(std::memcmp(second.data(), text.data() + 100, 28), 0);
  const int copy = ::dup(disk.number);
  EXPECT_EQ(::lseek(copy, 0, SEEK_CUR), (1 << 16) + 128);
  ::close(copy);
  EXPECT_EQ(::fsync(disk.number), 0);
}

TEST_F(Disk, EndsWhereItEnds) {
  const Fd disk(O_RDWR);
  std::array<char, 1024> bytes{};
  EXPECT_EQ(::pread(disk.number, bytes.data(), bytes.size(), kSize - 512), 512);
  EXPECT_EQ(::pread(disk.number, bytes.data(), bytes.size(), kSize), 0);
  EXPECT_EQ(::pwrite(disk.number, bytes.data(), bytes.size(), kSize - 512), 512);
  EXPECT_EQ(error_of(::pwrite(disk.number, bytes.data(), bytes.size(), kSize)), ENOSPC);
  EXPECT_EQ(error_of(::pread(disk.number, bytes.data(), bytes.size(), -1)), EINVAL);
  EXPECT_EQ(error_of(::pread(disk.number, nowhere(), bytes.size(), 0)), EFAULT);
  EXPECT_EQ(error_of(::pwrite(disk.number, nowhere(), bytes.size(), kData)), EFAULT);
}

TEST_F(Disk, WantsWholeSectorsForDirectIo) {
  const Fd disk(O_RDWR | O_DIRECT);
  ASSERT_GE(disk.number, 0);
  EXPECT_NE(::fcntl(disk.number, F_GETFL) & O_DIRECT, 0);
  alignas(4096) static std::array<char, 8192> bytes;
  EXPECT_EQ(::pread(disk.number, bytes.data(), 8192, 0), 8192);
  EXPECT_EQ(error_of(::pread(disk.number, bytes.data() + 8, 512, 0)), EINVAL);
  EXPECT_EQ(error_of(::pread(disk.number, bytes.data(), 100, 0)), EINVAL);
  EXPECT_EQ(error_of(::pwrite(disk.number, bytes.data(), 512, 100)), EINVAL);
  ASSERT_EQ(::fcntl(disk.number, F_SETFL, 0), 0);
  EXPECT_EQ(::pread(disk.number, bytes.data() + 8, 100, 3), 100);
  EXPECT_EQ(::fcntl(disk.number, F_GETFL) & O_DIRECT, 0);
}

TEST_F(Disk, IsOneHoldersAtATime) {
  const auto exclusive = std::make_unique<Fd>(O_RDWR | O_EXCL);
  ASSERT_GE(exclusive->number, 0);
  EXPECT_GE(Fd(O_RDWR).number, 0);
  EXPECT_EQ(error_of(Fd(O_RDONLY | O_EXCL).number), EBUSY);
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(error_of(::open(kDisk, O_RDWR | O_EXCL)));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), EBUSY);
  ::close(exclusive->number);
  exclusive->number = -1;
  const Fd reader(O_RDONLY | O_EXCL);
  EXPECT_GE(reader.number, 0);
  EXPECT_EQ(error_of(Fd(O_RDONLY | O_EXCL).number), EBUSY);
}

TEST_F(Disk, RefusesWhatItDoesNotServe) {
  const Fd disk(O_RDWR);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, disk.number, 0), MAP_FAILED);
  EXPECT_EQ(errno, ENODEV);
  EXPECT_EQ(error_of(::ftruncate(disk.number, 0)), EINVAL);
  EXPECT_EQ(error_of(::fallocate(disk.number, 0, 0, 4096)), EOPNOTSUPP);
  const int other = ::memfd_create("other", MFD_CLOEXEC);
  EXPECT_EQ(error_of(::copy_file_range(disk.number, nullptr, other, nullptr, 4096, 0)), EINVAL);
  ::close(other);
  aiocb request{};
  char byte = 0;
  request.aio_fildes = disk.number;
  request.aio_buf = &byte;
  request.aio_nbytes = 1;
  EXPECT_EQ(::aio_read(&request), 0);
  EXPECT_EQ(::aio_error(&request), EINVAL);
  EXPECT_EQ(error_of(Fd(O_RDONLY | O_DIRECTORY).number), ENOTDIR);
  EXPECT_EQ(error_of(::swapon(kDisk, 0)), EOPNOTSUPP);
  EXPECT_EQ(error_of(::unlink(kDisk)), EPERM);
  EXPECT_EQ(error_of(::write(Fd(O_RDONLY).number, &byte, 1)), EBADF);
}

TEST_F(Disk, IsThereForIoUring) {
  io_uring ring{};
  if (const int code = ::io_uring_queue_init(4, &ring, 0); code < 0) {
    GTEST_SKIP() << "no io_uring: errno " << -code;
  }
  const Fd disk(O_RDWR);
  std::array<char, 8> text{"by ring"};
  std::array<char, 8> read{};
  const auto done = [&ring](auto prepare) {
    prepare(::io_uring_get_sqe(&ring));
    EXPECT_EQ(::io_uring_submit(&ring), 1);
    io_uring_cqe* answer = nullptr;
    __kernel_timespec limit = {5, 0};
    EXPECT_EQ(::io_uring_wait_cqe_timeout(&ring, &answer, &limit), 0);
    const int result = answer == nullptr ? 0 : answer->res;
    ::io_uring_cqe_seen(&ring, answer);
    return result;
  };
  EXPECT_EQ(done([&](io_uring_sqe* s) { ::io_uring_prep_write(s, disk.number, text.data(), 8, kData + 4096); }), 8);
  EXPECT_EQ(done([&](io_uring_sqe* s) { ::io_uring_prep_read(s, disk.number, read.data(), 8, kData + 4096); }), 8);
  EXPECT_STREQ(read.data(), "by ring");
  EXPECT_EQ(done([&](io_uring_sqe* s) { ::io_uring_prep_fsync(s, disk.number, 0); }), 0);
  EXPECT_EQ(::io_uring_register_files(&ring, &disk.number, 1), 0);
  EXPECT_EQ(done([&](io_uring_sqe* s) {
              ::io_uring_prep_read(s, 0, read.data(), 8, 0);
              s->flags |= IOSQE_FIXED_FILE;
            }),
            -EINVAL);
  ::io_uring_queue_exit(&ring);
}

TEST_F(Disk, IsThereForStdio) {
  FILE* stream = ::fopen(kDisk, "r+");
  ASSERT_NE(stream, nullptr);
  ASSERT_EQ(::fseek(stream, 1 << 16, SEEK_SET), 0);
  ASSERT_GE(::fputs("by stdio", stream), 0);
  ASSERT_EQ(::fclose(stream), 0);
  const Fd disk(O_RDONLY);
  std::array<char, 9> text{};
  ASSERT_EQ(::pread(disk.number, text.data(), 8, 1 << 16), 8);
  EXPECT_STREQ(text.data(), "by stdio");
}

TEST_F(Disk, IsThereForASpawnedChild) {
  {
    const Fd disk(O_WRONLY);
    ASSERT_EQ(::pwrite(disk.number, "spawned\n", 8, 0), 8);
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, kDisk, O_RDONLY, 0);
  char shell[] = "/bin/sh";
  char option[] = "-c";
  char script[] = "read word && [ \"$word\" = spawned ]";
  char* words[] = {shell, option, script, nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, shell, &actions, nullptr, words, environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(Disk, IsGoneWithItsDriver) {
  const Fd disk(O_RDWR);
  std::array<char, 512> bytes{};
  ASSERT_EQ(put(kDrivers + "nd_pmem/unbind", "namespace0.0"), 0);
  EXPECT_EQ(error_of(::open(kDisk, O_RDONLY)), ENOENT);
  EXPECT_EQ(::pread(disk.number, bytes.data(), bytes.size(), 0), 0);
  ASSERT_EQ(put(kDrivers + "nd_pmem/bind", "namespace0.0"), 0);
  EXPECT_EQ(::pread(disk.number, bytes.data(), bytes.size(), 0), 0); // the new one is another
  EXPECT_EQ(::pread(Fd(O_RDONLY).number, bytes.data(), bytes.size(), 0), 512);
}

TEST_F(Disk, IsTheMemoryOfTheDevice) {
  {
    const Fd disk(O_RDWR);
    ASSERT_EQ(::pwrite(disk.number, "from the disk", 13, kData + (4 << 20)), 13);
  }
  ASSERT_EQ(put(kDrivers + "nd_pmem/unbind", "namespace0.0"), 0);
  ASSERT_EQ(put(kRegion + "namespace0.0/force_raw", "0"), 0);
  EXPECT_EQ(put(kDrivers + "nd_pmem/bind", "namespace0.0"), ENXIO); // the dax has it
  const int device = ::open("/dev/dax0.0", O_RDWR | O_CLOEXEC);
  ASSERT_GE(device, 0);
  void* const mapped = ::mmap(nullptr, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  char* const place = static_cast<char*>(mapped) + (4 << 20);
  EXPECT_STREQ(place, "from the disk");
  std::memcpy(place, "from memory", sizeof "from memory");
  ::munmap(mapped, 8 << 20);
  ::close(device);
  take_out();
  ASSERT_EQ(put(kRegion + "namespace0.0/force_raw", "1"), 0);
  ASSERT_EQ(put(kDrivers + "nd_pmem/bind", "namespace0.0"), 0);
  std::array<char, 12> text{};
  ASSERT_EQ(::pread(Fd(O_RDONLY).number, text.data(), text.size(), kData + (4 << 20)), 12);
  EXPECT_STREQ(text.data(), "from memory");
}

TEST_F(Disk, WhoseInfoBlockIsZeroedIsNobodys) {
  std::vector<char> block(8192);
  std::vector<char> zeroes(8192);
  {
    const Fd disk(O_RDWR);
    ASSERT_EQ(::pread(disk.number, block.data(), block.size(), 0), 8192);
    EXPECT_STREQ(block.data() + 4096, "NVDIMM_DAX_INFO");
    ASSERT_EQ(::pwrite(disk.number, zeroes.data(), zeroes.size(), 0), 8192);
  }
  ASSERT_EQ(put(kDrivers + "nd_pmem/unbind", "namespace0.0"), 0);
  ASSERT_EQ(put(kRegion + "namespace0.0/force_raw", "0"), 0);
  EXPECT_EQ(put(kDrivers + "nd_pmem/bind", "namespace0.0"), 0); // a disk, not a dax
  EXPECT_EQ(get(kRegion + "namespace0.0/holder"), "");
  const Fd disk(O_RDWR);
  ASSERT_EQ(::pwrite(disk.number, block.data(), block.size(), 0), 8192); // for the other tests
}

} // namespace
