// Extents that come from an image: read ahead, brought once, and never believed when they are damaged.
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/backing/advised_file.hpp"
#include "runtime/fault/devices/huge_page_trials.hpp"
#include "runtime/fault/devices/image_ahead.hpp"
#include "runtime/fault/devices/lazy_image.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

namespace fs = std::filesystem;
using backing::Image;

constexpr std::uint64_t kExtents = 24;
constexpr std::uint64_t kHole = 7; // has no data
constexpr std::uint64_t kExtent = kPmdSize;

std::uint64_t word_of(std::uint64_t extent, std::uint64_t at) {
  return (extent + 1) * 1'000'003 + at;
}

class OfImage : public ::testing::Test {
protected:
  void SetUp() override {
    // Beside the build, not in /tmp: that may be a tmpfs, which knows no O_DIRECT.
    path_ = (fs::current_path() / ("fault-image-" + std::to_string(::getpid()))).string();
    fs::remove(path_);
    auto image = Image::create(path_, kExtents * kExtent, kExtent);
    ASSERT_TRUE(image.has_value()) << image.error().what;
    std::vector<Image::Written> all;
    std::vector<std::uint64_t> words(kExtent / sizeof(std::uint64_t));
    for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
      for (std::uint64_t at = 0; at < words.size(); ++at) {
        words[at] = word_of(extent, at);
      }
      const auto bytes = std::as_bytes(std::span(words));
      if (extent != kHole) {
        ASSERT_TRUE(sys::pwrite(image->fd(), bytes.data(), bytes.size(), image->target(ExtentIndex(extent))));
        all.push_back({ExtentIndex(extent), Image::checksum_of(bytes), false});
      }
    }
    ASSERT_TRUE(image->commit(all));
    forget_pages(image->fd());
  }
  void TearDown() override { fs::remove(path_); }

  static void forget_pages(int fd) {
    ::fdatasync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  }
  [[nodiscard]] Image opened() const {
    auto image = Image::open(path_, Image::Access::beside);
    EXPECT_TRUE(image.has_value()) << image.error().what;
    return std::move(*image);
  }
  // Can it be told here what the page cache has, and is the disk read past it?
  [[nodiscard]] static bool reads_ahead(ImageAhead& ahead, const Image& image) {
    ahead.prepare(image);
    return expect(ahead, image, 0) == ImageAhead::Told::yes;
  }
  // Where nobody else brings any.
  static ImageAhead::Told expect(ImageAhead& ahead, const Image& image, std::uint64_t extent) {
    return ahead.expect(image, ExtentIndex(extent), [](ExtentIndex) { return false; });
  }
  static Result<void> take(ImageAhead& ahead, const Image& image, std::uint64_t extent) {
    return ahead.take(image, ExtentIndex(extent), [&](std::span<const std::byte> bytes) -> Result<void> {
      std::uint64_t last = 0;
      std::memcpy(&last, bytes.data() + kExtent - sizeof last, sizeof last);
      EXPECT_EQ(last, word_of(extent, kExtent / sizeof last - 1));
      return {};
    });
  }

  std::string path_;
};

TEST_F(OfImage, WhatIsExpectedIsRead) {
  ImageAhead& ahead = ImageAhead::of_process();
  const Image image = opened();
  if (!reads_ahead(ahead, image)) {
    GTEST_SKIP() << "no cachestat(2) (Linux 6.5), no io_uring, or no O_DIRECT on this file system";
  }
  using Told = ImageAhead::Told;
  EXPECT_EQ(expect(ahead, image, 0), Told::yes); // once
  for (std::uint64_t extent = 1; extent < 4; ++extent) {
    EXPECT_EQ(expect(ahead, image, extent), Told::yes) << extent;
  }
  EXPECT_EQ(expect(ahead, image, 4), Told::later);
  for (const std::uint64_t extent : {2, 0, 1, 3}) {
    EXPECT_TRUE(take(ahead, image, extent)) << extent;
    EXPECT_EQ(take(ahead, image, extent).error(), Errno{ENOENT}) << "taken already";
  }
  EXPECT_EQ(take(ahead, image, 4).error(), Errno{ENOENT}) << "never expected";
}

// As by another thread, or another process: its buffer is another extent's then.
TEST_F(OfImage, WhatCameByAnotherWayKeepsNoBuffer) {
  ImageAhead& ahead = ImageAhead::of_process();
  const Image image = opened();
  if (!reads_ahead(ahead, image)) {
    GTEST_SKIP() << "no cachestat(2) (Linux 6.5), no io_uring, or no O_DIRECT on this file system";
  }
  using Told = ImageAhead::Told;
  for (std::uint64_t extent = 1; extent < 4; ++extent) {
    EXPECT_EQ(expect(ahead, image, extent), Told::yes) << extent;
  }
  while (ahead.near(image, ExtentIndex(2)) == ImageAhead::Near::coming) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto two_is_brought = [](ExtentIndex extent) { return extent == ExtentIndex(2); };
  EXPECT_EQ(expect(ahead, image, 4), Told::later);
  EXPECT_EQ(ahead.expect(image, ExtentIndex(4), two_is_brought), Told::yes);
  EXPECT_EQ(take(ahead, image, 2).error(), Errno{ENOENT});
  for (const std::uint64_t extent : {0, 1, 3, 4}) {
    EXPECT_TRUE(take(ahead, image, extent)) << extent;
  }
}

TEST_F(OfImage, WhatThePageCacheHasIsNotReadPastIt) {
  ImageAhead& ahead = ImageAhead::of_process();
  const Image image = opened();
  if (!reads_ahead(ahead, image)) {
    GTEST_SKIP() << "no cachestat(2) (Linux 6.5), no io_uring, or no O_DIRECT on this file system";
  }
  EXPECT_TRUE(take(ahead, image, 0));
  std::vector<std::byte> bytes(kExtent);
  ASSERT_TRUE(image.read(ExtentIndex(9), bytes));
  EXPECT_EQ(expect(ahead, image, 9), ImageAhead::Told::cached);
  EXPECT_EQ(ahead.near(image, ExtentIndex(9)), ImageAhead::Near::here);
  EXPECT_EQ(ahead.near(image, ExtentIndex(20)), ImageAhead::Near::no);
}

TEST_F(OfImage, AnotherImageWaitsUntilThisOneIsThrough) {
  ImageAhead& ahead = ImageAhead::of_process();
  const Image image = opened();
  const Image other = opened(); // the same file; another device, for all that is known
  if (!reads_ahead(ahead, image)) {
    GTEST_SKIP() << "no cachestat(2) (Linux 6.5), no io_uring, or no O_DIRECT on this file system";
  }
  EXPECT_EQ(expect(ahead, other, 1), ImageAhead::Told::never);
  EXPECT_EQ(take(ahead, other, 0).error(), Errno{ENOENT});
  EXPECT_TRUE(take(ahead, image, 0));
  EXPECT_EQ(expect(ahead, other, 1), ImageAhead::Told::yes);
  EXPECT_TRUE(take(ahead, other, 1));
}

TEST_F(OfImage, AForkedChildHasItsOwn) {
  ImageAhead& ahead = ImageAhead::of_process();
  const Image image = opened();
  if (!reads_ahead(ahead, image)) {
    GTEST_SKIP() << "no cachestat(2) (Linux 6.5), no io_uring, or no O_DIRECT on this file system";
  }
  const pid_t child = ::fork();
  if (child == 0) {
    const bool knew_nothing = take(ahead, image, 0) == tl::unexpected(Errno{ENOENT});
    ahead.prepare(image);
    const bool reads = expect(ahead, image, 1) == ImageAhead::Told::yes && take(ahead, image, 1);
    ::_exit(knew_nothing && reads ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(take(ahead, image, 0)) << "the parent's goes on";
}

// Of one huge page where the kernel makes one; where it makes small ones it says so and has changed nothing that
// counts.
TEST_F(OfImage, AnExtentMayComeAsOneHugePage) {
  const Image image = opened();
  auto memory = Mapping::of(-1, 2 * kPmdSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  ASSERT_TRUE(memory);
  const auto start = reinterpret_cast<std::uintptr_t>(memory->data());
  const auto place = memory->bytes().subspan(align_up(start, kPmdSize) - start, kPmdSize);
  bool slow = false;
  const UniqueFd small(static_cast<int>(::memfd_create("small", MFD_CLOEXEC)));
  ASSERT_EQ(::ftruncate(small.get(), kExtents * kExtent), 0);
  // A machine that says `advise` of all memory files makes one there, too.
  const auto of_memfd = load_as_huge_page(image, ExtentIndex(3), small.get(), place, slow);
  EXPECT_TRUE(of_memfd || of_memfd.error() == Errno{ENOTSUP}) << of_memfd.error().value;
  const auto bytes = backing::advised_file("advised");
  if (!bytes) {
    GTEST_SKIP() << "no tmpfs of one's own: " << std::strerror(bytes.error().value);
  }
  ASSERT_EQ(::ftruncate(bytes->get(), kExtents * kExtent), 0);
  const auto done = load_as_huge_page(image, ExtentIndex(3), bytes->get(), place, slow);
  if (!done && done.error() == Errno{ENOTSUP}) {
    GTEST_SKIP() << "this kernel makes no huge pages of shmem, or has no memory for one";
  }
  ASSERT_TRUE(done);
  std::uint64_t last = 0;
  const std::uint64_t at = 4 * kExtent - sizeof last;
  ASSERT_EQ(::pread(bytes->get(), &last, sizeof last, static_cast<off_t>(at)), sizeof last);
  EXPECT_EQ(last, word_of(3, kExtent / sizeof last - 1));
  struct stat about {};
  ::fstat(bytes->get(), &about);
  EXPECT_EQ(static_cast<std::uint64_t>(about.st_blocks) * 512, kExtent) << "and no other";
  const UniqueFd damaged(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::pwrite(damaged.get(), "x", 1, static_cast<off_t>(image.source(ExtentIndex(5)) + 77)), 1);
  EXPECT_EQ(load_as_huge_page(image, ExtentIndex(5), bytes->get(), place, slow).error(), Errno{EBADMSG});
}

// What the device's bytes are in.
struct Memory {
  const char* name;
  store::BackingKind kind;
  bool advised; // as of a device that has an image, so that its extents come as huge pages where they may
};
void PrintTo(const Memory& memory, std::ostream* out) {
  *out << memory.name;
}
constexpr Memory kSmall = {"shmem", store::BackingKind::shmem, false};

struct Lab {
  // As long as the threads that look at them live.
  TestPlatform& platform;
  AddressSpace* space = nullptr;
  UniqueFd fd;
  std::uint64_t* words = nullptr;

  Lab(const std::string& path, const Memory& memory)
      : platform(
            *new TestPlatform(kExtents * kExtent, kExtent, memory.kind, store::EngineKind::handler, memory.advised)) {
    if (platform.device == nullptr) {
      return;
    }
    platform.device->image.assign(path);
    space = new AddressSpace(*platform.store);
    fd = platform.open(O_RDWR);
    auto mapped =
        space->map(*platform.device, fd.get(), nullptr, kExtents * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    EXPECT_TRUE(mapped);
    words = mapped ? static_cast<std::uint64_t*>(*mapped) : nullptr;
  }
  [[nodiscard]] bool is_right(std::uint64_t extent) const {
    constexpr std::uint64_t kWords = kExtent / sizeof(std::uint64_t);
    for (std::uint64_t at = 0; at < kWords; at += 509) {
      if (words[extent * kWords + at] != (extent == kHole ? 0 : word_of(extent, at))) {
        return false;
      }
    }
    return true;
  }
};

class ImageOn : public OfImage, public ::testing::WithParamInterface<Memory> {};

TEST_P(ImageOn, EachExtentComesWithItsFirstTouch) {
  const Lab lab(path_, GetParam());
  ASSERT_NE(lab.words, nullptr);
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    const std::uint64_t extent = (at * 7 + 3) % kExtents; // all over it
    EXPECT_TRUE(lab.is_right(extent)) << extent;
  }
}

// While the program works on one, the next ones are brought; then they are mapped with one fault. Nothing here depends
// on who is faster: each wait is for what has been planned to be there, and nothing else is planned until a touch.
TEST_P(ImageOn, WhoGoesThroughItFindsTheNextExtentsBrought) {
  {
    const Image image = opened();
    if (ImageAhead& ahead = ImageAhead::of_process(); !reads_ahead(ahead, image)) {
      GTEST_SKIP() << "no cachestat(2) (Linux 6.5), no io_uring, or no O_DIRECT on this file system";
    } else {
      EXPECT_TRUE(take(ahead, image, 0));
    }
  }
  const Lab lab(path_, GetParam());
  ASSERT_NE(lab.words, nullptr);
  auto folios = mm::FolioTable::open(lab.platform.device->folios_location.c_str(), kExtents);
  ASSERT_TRUE(folios);
  const auto is_brought = [&](std::uint64_t extent) {
    return ((*folios)[ExtentIndex(extent)].flags.load() & mm::kFolioLoaded) != 0;
  };
  // Extents that are touched, of which only the first one faults (but for the first step: three faults are chance);
  // then those before `planned` come by themselves, and no others.
  struct Step {
    std::uint64_t first, last, faults, planned;
  };
  for (const Step& step : {Step{0, 4, 4, 8}, Step{4, 8, 5, 16}, Step{8, 16, 6, kExtents}, Step{16, kExtents, 7, 0}}) {
    for (std::uint64_t extent = step.first; extent < step.last; ++extent) {
      EXPECT_TRUE(lab.is_right(extent)) << extent;
    }
    EXPECT_EQ(lab.platform.faults(), step.faults) << "after " << step.last;
    for (std::uint64_t extent = step.last; extent < step.planned; ++extent) {
      for (int tries = 0; tries < 3000 && !is_brought(extent); ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      EXPECT_TRUE(is_brought(extent)) << extent << ": nobody has touched it";
    }
    for (std::uint64_t extent = step.planned; extent < kExtents; ++extent) {
      EXPECT_EQ(is_brought(extent), extent < step.last) << extent << ": too far ahead";
    }
  }
  EXPECT_EQ(lab.platform.extents(), kExtents);
}

// The child goes on where its parent was, with a handler thread and a ring of its own.
TEST_F(OfImage, AForkedChildIsServedFromTheImageToo) {
  const Lab lab(path_, kSmall);
  ASSERT_NE(lab.words, nullptr);
  for (std::uint64_t extent = 0; extent < 6; ++extent) {
    EXPECT_TRUE(lab.is_right(extent)) << extent;
  }
  lab.space->before_fork();
  const pid_t child = ::fork();
  if (child == 0) {
    lab.space->after_fork_in_child();
    bool right = true;
    for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
      right = lab.is_right(extent) && right;
    }
    ::_exit(right ? 0 : 1);
  }
  lab.space->after_fork_in_parent();
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (std::uint64_t extent = 6; extent < kExtents; ++extent) {
    EXPECT_TRUE(lab.is_right(extent)) << extent;
  }
}

INSTANTIATE_TEST_SUITE_P(Backings, ImageOn,
                         ::testing::Values(kSmall, Memory{"advised", store::BackingKind::shmem, true},
                                           Memory{"hugetlb", store::BackingKind::hugetlb, false}),
                         [](const auto& memory) { return std::string(memory.param.name); });

TEST(HugePageTrials, SlowOnesInARowAreARestThatGrows) {
  HugePageTrials trials;
  const auto rest = [&] {
    unsigned turns = 0;
    while (!trials.is_due()) {
      ++turns;
    }
    return turns;
  };
  for (int slow = 0; slow < 2; ++slow) {
    EXPECT_EQ(rest(), 0U);
    trials.note(true, true);
  }
  EXPECT_EQ(rest(), 8U);
  trials.note(true, true);
  EXPECT_EQ(rest(), 16U);
  trials.note(true, false); // behind the slow ones
  for (int slow = 0; slow < 2; ++slow) {
    EXPECT_EQ(rest(), 0U);
    trials.note(true, true);
  }
  EXPECT_EQ(rest(), 8U);
  for (int slow = 0; slow < 10; ++slow) {
    trials.note(true, true);
    EXPECT_LE(rest(), 256U);
  }
  trials.note(false, false);
  for (int turn = 0; turn < 1000; ++turn) {
    EXPECT_FALSE(trials.is_due());
  }
}

} // namespace
} // namespace daxemu::fault
