// Pins of another process's memory: its mappings decide, the caller holds.
#include <csignal>
#include <vector>

#include <daxemu/daxemu.hpp>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace daxemu {
namespace {

constexpr std::uint64_t kExtent = 2ULL << 20;
constexpr unsigned long kPages = 512;

// A child that has what its parent had when it was made, until it is killed.
class Child {
public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      while (true) {
        ::pause();
      }
    }
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void end() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

private:
  pid_t pid_;
};

class Remote : public testing::Test {
protected:
  Remote() { platform_.use(); }
  static DeviceOptions options() {
    DeviceOptions options;
    options.size = 4 * kExtent;
    options.mode = "emulate";
    options.backing = "shmem";
    return options;
  }
  Platform platform_{"remote"};
  Device device_{platform_, options()};
  std::vector<daxemu_page*> pages_ = std::vector<daxemu_page*>(2 * kPages);
};

TEST_F(Remote, AnothersMappingIsPinnedThoughOursIsGone) {
  Mapping mapping = device_.map(2 * kExtent, kExtent);
  const unsigned long at = mapping.address();
  Child child;
  mapping.reset();
  EXPECT_EQ(daxemu_pin_user_pages(at, 1, DAXEMU_FOLL_WRITE, pages_.data()), -EFAULT);
  ASSERT_EQ(daxemu_pin_user_pages_remote(child.pid(), at + 4096, 2 * kPages - 1,
                                         DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM, pages_.data()),
            static_cast<long>(2 * kPages - 1));
  EXPECT_EQ(daxemu_page_to_pfn(pages_[0]), device_.first_pfn() + kPages + 1) << "the device's second extent";
  EXPECT_EQ(daxemu_folio_pincount(daxemu_page_folio(pages_[0])), static_cast<int>(kPages - 1));
  EXPECT_NE(platform_.pins().find("pid " + std::to_string(::getpid()) + " "), std::string::npos) << "we hold it";
  child.end();
  EXPECT_EQ(daxemu_folio_pincount(daxemu_page_folio(pages_[0])), static_cast<int>(kPages - 1));
  daxemu_unpin_user_pages(pages_.data(), 2 * kPages - 1);
  EXPECT_EQ(platform_.pins(), "");
}

TEST_F(Remote, ItsRightsAndItsEndsDecide) {
  const Mapping mapping = device_.map(kExtent, 0, PROT_READ);
  Child child;
  EXPECT_EQ(daxemu_pin_user_pages_remote(child.pid(), mapping.address(), 1, DAXEMU_FOLL_WRITE, pages_.data()), -EFAULT);
  EXPECT_EQ(daxemu_get_user_pages_remote(child.pid(), mapping.address(), kPages + 5, 0, pages_.data()),
            static_cast<long>(kPages))
      << "a partial success at the end of the mapping";
  for (unsigned long page = 0; page < kPages; ++page) {
    daxemu_put_page(pages_[page]);
  }
  int own = 0;
  EXPECT_EQ(daxemu_pin_user_pages_remote(child.pid(), reinterpret_cast<unsigned long>(&own), 1, 0, pages_.data()),
            -ENODEV)
      << "the model has no pages of ordinary memory";
  const pid_t pid = child.pid();
  child.end();
  EXPECT_EQ(daxemu_pin_user_pages_remote(pid, mapping.address(), 1, 0, pages_.data()), -ESRCH);
  EXPECT_EQ(daxemu_bad_releases(), 0U);
}

} // namespace
} // namespace daxemu
