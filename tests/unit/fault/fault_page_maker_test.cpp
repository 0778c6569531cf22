// A second thread that makes huge pages ahead: made or taken back, never something in between, and only where there is
// use for it.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/backing/advised_file.hpp"
#include "emu/backing/image/image.hpp"
#include "runtime/fault/devices/page_maker.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kPages = 8;

std::uint64_t bytes_of(int fd) {
  struct stat about {};
  ::fstat(fd, &about);
  return static_cast<std::uint64_t>(about.st_blocks) * 512;
}

bool has_thread(const std::string& name) {
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::string line;
    std::ifstream(task.path() / "comm") >> line;
    if (line == name) {
      return true;
    }
  }
  return false;
}

class PagesMade : public ::testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    const bool hugetlb = GetParam();
    if (hugetlb) {
      bytes_ = UniqueFd(static_cast<int>(::memfd_create("made", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB)));
    } else if (auto file = backing::advised_file("made"); file) {
      bytes_ = std::move(*file);
    }
    const bool there = bytes_.get() >= 0 && ::ftruncate(bytes_.get(), kPages * kPmdSize) == 0;
    void* reserved = there ? ::mmap(nullptr, kPages * kPmdSize, PROT_READ, MAP_SHARED, bytes_.get(), 0) : MAP_FAILED;
    if (reserved == MAP_FAILED) { // of hugetlb: as a device's are
      GTEST_SKIP() << "no huge pages of that kind";
    }
    ::munmap(reserved, kPages * kPmdSize);
    maker_.start({});
    if (!maker_.is_there()) {
      GTEST_SKIP() << "one processor only";
    }
  }
  [[nodiscard]] PageMaker::Page page(std::uint64_t at) {
    return {.bytes = bytes_.get(), .offset = at * kPmdSize, .folio = &folios_[at], .hugetlb = GetParam()};
  }
  // A page is made, or the kernel makes none of that kind.
  [[nodiscard]] bool is_made(std::uint64_t bytes) const {
    for (int tries = 0; tries < 1000 && bytes_of(bytes_.get()) < bytes; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return bytes_of(bytes_.get()) == bytes;
  }

  UniqueFd bytes_;
  std::array<mm::FolioRecord, kPages> folios_{};
  PageMaker& maker_ = PageMaker::of_process();
};

TEST_P(PagesMade, ByAnotherThread) {
  ASSERT_TRUE(maker_.ask(page(3)));
  EXPECT_TRUE(is_made(kPmdSize));
  maker_.settle(folios_[3]);
  EXPECT_EQ(folios_[3].flags.load(), 0U) << "nobody has touched it";
  std::uint64_t word = 1;
  void* mapped = ::mmap(nullptr, kPmdSize, PROT_READ, MAP_SHARED, bytes_.get(), 3 * kPmdSize);
  ASSERT_NE(mapped, MAP_FAILED);
  word = *static_cast<const volatile std::uint64_t*>(mapped);
  ::munmap(mapped, kPmdSize);
  EXPECT_EQ(word, 0U);
}

TEST_P(PagesMade, OrTakenBackForGood) {
  for (int round = 0; round < 50; ++round) {
    for (std::uint64_t at = 0; at < kPages; ++at) {
      (void)maker_.ask(page(at)); // as many as there is room for
    }
    for (const mm::FolioRecord& folio : folios_) {
      maker_.settle(folio);
    }
    const std::uint64_t settled = bytes_of(bytes_.get());
    EXPECT_EQ(settled % kPmdSize, 0U);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_EQ(bytes_of(bytes_.get()), settled) << "somebody was still at it";
    ASSERT_EQ(::fallocate(bytes_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kPages * kPmdSize), 0);
  }
}

TEST_P(PagesMade, BeyondTheEndNothingIsAndNobodyDies) {
  ASSERT_EQ(::ftruncate(bytes_.get(), kPmdSize), 0);
  ASSERT_TRUE(maker_.ask(page(5)));
  maker_.settle(folios_[5]);
  ASSERT_TRUE(maker_.ask(page(0)));
  if (GetParam()) { // of the other kind none is made any more, where one could not be
    EXPECT_TRUE(is_made(kPmdSize));
  }
  maker_.settle(folios_[0]);
}

TEST_P(PagesMade, AForkedChildHasAThreadOfItsOwn) {
  ASSERT_TRUE(maker_.ask(page(1)));
  const pid_t child = ::fork();
  if (child == 0) {
    maker_.abandon();
    const bool had_none = !maker_.is_there() && !maker_.ask(page(2));
    maker_.settle(folios_[1]);
    maker_.start({});
    const bool asked = maker_.ask(page(2));
    maker_.settle(folios_[2]);
    ::_exit(had_none && asked ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  maker_.settle(folios_[1]);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PagesMade, ::testing::Bool(),
                         [](const auto& kind) { return std::string(kind.param ? "hugetlb" : "advised"); });

// In a process of its own: the thread never ends.
TEST(PageMakerThread, IsThereWithTheFirstDeviceThatHasAnImage) {
  const std::string path = (fs::current_path() / ("page-maker-" + std::to_string(::getpid()))).string();
  fs::remove(path);
  ASSERT_TRUE(backing::Image::create(path, 4 * kPmdSize, kPmdSize).has_value());
  const pid_t child = ::fork();
  if (child == 0) {
    PageMaker::of_process().abandon();
    const auto mapped = [](const std::string& image) {
      auto& platform = *new TestPlatform(4 * kPmdSize, kPmdSize, store::BackingKind::shmem, store::EngineKind::handler);
      platform.device->image.assign(image);
      auto& space = *new AddressSpace(*platform.store);
      const UniqueFd fd = platform.open(O_RDWR);
      return space.map(*platform.device, fd.get(), nullptr, 4 * kPmdSize, PROT_READ | PROT_WRITE, MAP_SHARED, 0)
          .has_value();
    };
    const bool none = mapped("") && !PageMaker::of_process().is_there();
    const bool one = mapped(path) && PageMaker::of_process().is_there() == (std::thread::hardware_concurrency() > 1);
    for (int tries = 0; tries < 400 && PageMaker::of_process().is_there() && !has_thread("daxemu-make"); ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::_exit(none && one && has_thread("daxemu-make") == PageMaker::of_process().is_there() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  fs::remove(path);
}

} // namespace
} // namespace daxemu::fault
