// What is known of the descriptors that this process has opened itself, and when the kernel is asked all the same.
#include <array>
#include <string>
#include <string_view>

#include <sys/uio.h>

#include "emu/sysfs/inodes/inode_changes.hpp"
#include "runtime/preload/directories/directories.hpp"
#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/nodes/opened/open_texts.hpp"
#include "runtime/preload/paths/expectation.hpp"
#include "tests/unit/preload/preload_support.hpp"

namespace daxemu::preload {
namespace {

const std::string kSize = std::string(kDeviceDirectory) + "/size";
const std::string kWhole = std::to_string(kDeviceSize) + "\n";

int open_size(int flags) {
  const auto fd = context().opener().open(*context().tree().lookup(kSize), flags);
  return fd ? *fd : -1;
}
std::string read_some(int fd, std::size_t size, std::int64_t offset = kAtPosition) {
  std::array<char, 4096> text{};
  const ssize_t length = read_call(fd, text.data(), size, offset, [&] {
    return offset == kAtPosition ? ::read(fd, text.data(), size) : ::pread(fd, text.data(), size, offset);
  });
  return length < 0 ? "errno " + std::to_string(errno) : std::string(text.data(), static_cast<std::size_t>(length));
}
void close_number(int fd) {
  ::close(fd);
  FdTable::forget(fd);
}

// The attribute says something else for as long as this lives.
struct OtherSize {
  OtherSize() { device.size.store(kPmdSize); }
  OtherSize(const OtherSize&) = delete;
  OtherSize& operator=(const OtherSize&) = delete;
  ~OtherSize() { device.size.store(kDeviceSize); }
  store::DeviceRecord& device = context().store().devices()[0];
};
const std::string kOther = std::to_string(kPmdSize) + "\n";

TEST(OpenTexts, AreNotedOfWhatIsOnlyRead) {
  const int fd = open_size(O_RDONLY);
  EXPECT_TRUE(FdTable::is_noted(fd));
  EXPECT_EQ(FdTable::get(fd), FdClass::attribute);
  OpenTexts::Text text;
  EXPECT_TRUE(OpenTexts::take(fd, text));
  EXPECT_EQ(text.node.path.view(), kSize);
  EXPECT_FALSE(OpenTexts::take(fd, text)) << "once";
  close_number(fd);
  EXPECT_FALSE(FdTable::is_noted(fd));
  for (const int flags : {O_WRONLY, O_RDWR, O_PATH}) {
    const int other = open_size(flags);
    EXPECT_FALSE(FdTable::is_noted(other)) << flags;
    close_number(other);
  }
}

TEST(OpenTexts, ReadWhatTheAttributeSaysWhenItIsRead) {
  const int fd = open_size(O_RDONLY);
  const OtherSize other;
  EXPECT_EQ(read_some(fd, 4096), kOther);
  close_number(fd);
}

TEST(OpenTexts, ReadOneTextInPieces) {
  const int fd = open_size(O_RDONLY);
  EXPECT_EQ(read_some(fd, 3), kWhole.substr(0, 3));
  const OtherSize other;
  EXPECT_EQ(read_some(fd, 4096), kWhole.substr(3)) << "one text to its end";
  EXPECT_EQ(read_some(fd, 4096), "");
  EXPECT_EQ(read_some(fd, 4096, 0), kOther) << "pread at the start";
  EXPECT_EQ(::lseek(fd, 0, SEEK_SET), 0);
  EXPECT_EQ(read_some(fd, 4096), kOther);
  close_number(fd);
}

TEST(OpenTexts, AreThoseOfADuplicateToo) {
  const int fd = open_size(O_RDONLY);
  const int copy = duplicated(fd, ::dup(fd));
  EXPECT_FALSE(FdTable::is_noted(copy));
  EXPECT_EQ(read_some(copy, 3), kWhole.substr(0, 3));
  EXPECT_EQ(read_some(fd, 4096), kWhole.substr(3)) << "the position is one";
  const OtherSize other;
  EXPECT_EQ(read_some(copy, 4096, 0), kOther);
  EXPECT_EQ(read_some(fd, 4096, 0), kOther);
  close_number(fd);
  close_number(copy);
}

// poll(2) asks for it, here and through whatever else the open file is reached by.
TEST(OpenTexts, AreReadOfWhichPollKnows) {
  for (const int flags : {O_RDONLY, O_RDONLY | O_CLOEXEC}) {
    const int fd = open_size(flags);
    ASSERT_TRUE(FdTable::is_noted(fd));
    EXPECT_FALSE(VnodeFiles::has_read(fd, 0));
    EXPECT_EQ(read_some(fd, 4096), kWhole);
    EXPECT_TRUE(VnodeFiles::has_read(fd, 0));
    EXPECT_FALSE(VnodeFiles::has_read(fd, 1)) << "told of a change since";
    const int copy = duplicate(fd, [&] { return ::dup(fd); });
    EXPECT_TRUE(VnodeFiles::has_read(copy, 0));
    EXPECT_TRUE(VnodeFiles::has_read(fd, 0));
    close_number(fd);
    close_number(copy);
    const int again = open_size(flags);
    EXPECT_FALSE(VnodeFiles::has_read(again, 0)) << "another open file";
    close_number(again);
  }
}

// What libc closes by itself, and opens, under a number that was an attribute's.
TEST(OpenTexts, LeaveTheFileAloneThatHasTheNumberNow) {
  const Scratch scratch;
  for (const int flags : {O_RDONLY, O_RDONLY | O_CLOEXEC}) {
    const int fd = open_size(flags);
    const OtherSize other; // so that the text would have to be put right
    const int file = ::open((scratch / "file").c_str(), O_RDWR | O_CREAT, 0600);
    ASSERT_EQ(::write(file, "of a file", 9), 9);
    ASSERT_EQ(::lseek(file, 0, SEEK_SET), 0);
    ASSERT_EQ(::dup2(file, fd), fd); // past us
    ASSERT_TRUE(FdTable::is_noted(fd));
    EXPECT_EQ(read_some(fd, 4096), "of a file");
    std::array<char, 16> text{};
    EXPECT_EQ(::pread(file, text.data(), text.size(), 0), 9) << "nothing was written to it";
    EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR) << "and it is open as it was";
    close_number(fd);
    close_number(file);
  }
}

// With O_CLOEXEC and no more it stays as it was made until it is anything but read from or closed.
TEST(BareFile, IsWhatItWasOpenedAsForWhoeverAsks) {
  const auto mode = [](int fd) {
    return fcntl_slow(fd, F_GETFL, 0, [fd] { return ::fcntl(fd, F_GETFL); }) & O_ACCMODE;
  };
  const int fd = open_size(O_RDONLY | O_CLOEXEC);
  ASSERT_TRUE(FdTable::is_bare(fd));
  const std::string_view text = "1";
  const iovec piece{const_cast<char*>(text.data()), text.size()};
  const auto never = [] {
    ADD_FAILURE() << "libc was asked";
    return ssize_t{0};
  };
  EXPECT_EQ(read_some(fd, 3), kWhole.substr(0, 3));
  EXPECT_TRUE(FdTable::is_bare(fd)) << "read from";
  EXPECT_EQ(write_slow(fd, &piece, 1, kAtPosition, never), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_FALSE(FdTable::is_bare(fd));
  EXPECT_EQ(mode(fd), O_RDONLY);
  EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(read_some(fd, 4096), kWhole.substr(3)) << "the position is kept";
  EXPECT_EQ(::write(fd, "x", 1), -1) << "past us too";
  close_number(fd);

  const int asked = open_size(O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(mode(asked), O_RDONLY) << "asked before anything else";
  close_number(asked);
  const int copied = open_size(O_RDONLY | O_CLOEXEC);
  const int copy = duplicate(copied, [copied] { return ::dup(copied); });
  EXPECT_EQ(::fcntl(copy, F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::fcntl(copied, F_GETFL) & O_ACCMODE, O_RDONLY);
  close_number(copied);
  close_number(copy);

  for (const int flags : {O_RDONLY, O_RDONLY | O_CLOEXEC | O_NONBLOCK, O_RDWR | O_CLOEXEC, O_WRONLY | O_CLOEXEC}) {
    const int other = open_size(flags);
    EXPECT_FALSE(FdTable::is_bare(other)) << flags;
    EXPECT_EQ(::fcntl(other, F_GETFL) & O_ACCMODE, flags & O_ACCMODE);
    close_number(other);
  }
}

TEST(BareFile, IsNoneWhenOthersGetDescriptors) {
  const int one = open_size(O_RDONLY | O_CLOEXEC);
  const int other = open_size(O_RDONLY | O_CLOEXEC);
  ASSERT_TRUE(FdTable::is_bare(one) && FdTable::is_bare(other));
  VnodeFiles::settle_all();
  for (const int fd : {one, other}) {
    EXPECT_FALSE(FdTable::is_bare(fd));
    EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT_EQ(read_some(fd, 4096), kWhole);
    close_number(fd);
  }
}

TEST(OpenTexts, EndWhenTheDescriptorDoes) {
  const int fd = open_size(O_RDONLY);
  EXPECT_TRUE(closes_plainly(fd)) << "nothing to ask the kernel";
  EXPECT_FALSE(FdTable::is_noted(fd));
  ::close(fd);
  const int writing = open_size(O_WRONLY);
  EXPECT_FALSE(closes_plainly(writing)) << "libc may have put text there";
  EXPECT_EQ(close_descriptor(writing, [&] { return ::close(writing); }), 0);
}

TEST(DirectoryStream, GivesTheDescriptorOfOpendirToWhoAsks) {
  const auto node = context().tree().lookup(kDeviceDirectory);
  const int lowest = ::dup(0);
  ::close(lowest);
  auto made = Directory::open(context(), *node);
  ASSERT_TRUE(made);
  ASSERT_NE((*made)->read(), nullptr);
  EXPECT_EQ(::fcntl(lowest, F_GETFD), FD_CLOEXEC) << "the number is taken from the start";
  const int fd = (*made)->fd(context());
  EXPECT_EQ(fd, lowest);
  EXPECT_EQ(::fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::write(fd, "x", 1), -1);
  EXPECT_EQ(context().descriptors().node(fd)->path.view(), kDeviceDirectory);
  EXPECT_EQ((*made)->fd(context()), fd) << "and stays the same";
  made->reset();
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(ExpectedOpen, AnswersForWhatIsOursBelowSys) {
  if (context().descriptors().bound().any()) { // by another test of this process
    GTEST_SKIP() << "a node was bound: the kernel is always asked first";
  }
  int fd = -1;
  const auto asked = [&fd](const char* path, int flags = O_RDONLY) {
    fd = -1;
    errno = 0;
    return open_expected(path, flags, fd);
  };
  EXPECT_TRUE(asked(kSize.c_str()));
  EXPECT_EQ(read_some(fd, 4096), kWhole);
  close_number(fd);
  EXPECT_TRUE(asked((std::string(kDeviceLink) + "/size").c_str())); // through a link
  close_number(fd);
  EXPECT_TRUE(asked((std::string(kDeviceLink) + "/absent").c_str()));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_TRUE(asked((kSize + "/").c_str()));
  EXPECT_EQ(errno, ENOTDIR);
  EXPECT_TRUE(asked(kDeviceLink, O_RDONLY | O_NOFOLLOW));
  EXPECT_EQ(errno, ELOOP);
  for (const char* path : {"/dev/dax0.0", "/sys/bus", "/sys/kernel", "/etc/passwd", "relative", ""}) {
    EXPECT_FALSE(asked(path)) << path << ": the kernel's to answer first";
  }
  EXPECT_FALSE(asked(nullptr));
  EXPECT_FALSE(asked(reinterpret_cast<const char*>(8))); // NOLINT(performance-no-int-to-ptr): no text
}

TEST(Expectation, LastsForSomePathsOfOthers) {
  Expectation::met();
  int others = 0;
  while (Expectation::ours() && others < 100) {
    Expectation::missed();
    ++others;
  }
  EXPECT_EQ(others, 8);
  Expectation::missed();
  EXPECT_FALSE(Expectation::ours());
}

TEST(Opener, AsksWhoItIsWhereTheModeDoesNotSayThatAnybodyMay) {
  const auto node = context().tree().lookup(kSize);
  const Caller caller;
  if (caller.credentials().uid != 0) {
    GTEST_SKIP() << "changes a mode that is root's";
  }
  const auto rights = [&] { return *context().tree().rights(*node); };
  EXPECT_EQ(rights().mode & 07777U, 0644U);
  EXPECT_FALSE(rights().has_acl);
  sysfs::InodeChange nobody;
  nobody.mode = 0;
  ASSERT_TRUE(context().tree().change(*node, caller.credentials(), nobody));
  EXPECT_EQ(open_size(O_RDONLY), -1) << "even root, as kernfs has it";
  sysfs::InodeChange as_before;
  as_before.mode = 0644;
  ASSERT_TRUE(context().tree().change(*node, caller.credentials(), as_before));
  const int fd = open_size(O_RDONLY);
  EXPECT_GE(fd, 0);
  close_number(fd);
}

} // namespace
} // namespace daxemu::preload
