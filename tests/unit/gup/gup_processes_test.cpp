// Four processes of two threads each pin, unpin, map and unmap the same folios while the parent poisons and heals some
// and at last unbinds the device: nothing is taken of what is poisoned or dead, nothing is left, no count was ever
// wrong. Together with the parent's threads eight work at a time. 2 s; DAXEMU_STRESS_SECONDS=60 for the long run.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/gup/gup.hpp"
#include "emu/gup/ledger.hpp"
#include "tests/unit/gup/gup_table_view.hpp"

namespace daxemu::gup {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kStart = 1ULL << 40;
constexpr unsigned kOrder = 3;
constexpr std::uint64_t kExtents = 24;
constexpr std::uint64_t kPages = kExtents << kOrder;
constexpr int kProcesses = 4;
constexpr int kThreads = 2;

std::chrono::milliseconds duration() {
  const char* text = std::getenv("DAXEMU_STRESS_SECONDS");
  return text == nullptr ? 2000ms : std::chrono::milliseconds(1000 * std::strtol(text, nullptr, 10));
}

// What the parent has said and the children must keep to, in memory of all of them.
struct Shared {
  std::atomic<bool> dead{false};
  std::atomic<std::uint64_t> pins{0};
  std::array<std::atomic<std::uint32_t>, kExtents> poison{}; // odd while it is poisoned for sure
};

// Exit codes of a child that saw something that must not be.
enum Wrong : int { kFine = 0, kAfterDeath = 3, kOfPoison = 4, kRelease = 5, kErrno = 6, kCount = 7 };

class Child {
public:
  Child(mm::MemMap& map, const std::shared_ptr<mm::DevicePages>& pages, Shared& shared)
      : map_(map), pages_(pages), shared_(shared), vma_(view_.add(kStart, pages, kPages)) {}

  int live(unsigned seed) {
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, thread, seed] { work(seed + thread); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    return wrong_;
  }

private:
  void fail_with(Wrong wrong) {
    int none = kFine;
    wrong_.compare_exchange_strong(none, wrong);
  }

  void work(unsigned seed) {
    std::mt19937 random(seed);
    Gup gup(map_);
    std::vector<std::vector<mm::PagePtr>> held;
    const auto give_back = [&] {
      if (!gup.unpin_user_pages_dirty_lock(held.back().data(), held.back().size(), random() % 2 == 0)) {
        fail_with(kRelease);
      }
      held.pop_back();
    };
    int refused = 0; // in a row, once the device dies
    while (refused < 50 && wrong_ == kFine) {
      const auto what = random() % 10;
      if (what == 0) {
        random() % 2 == 0 ? view_.unmap(vma_) : view_.map_again(vma_);
      } else if (what < 6 && held.size() < 8) {
        refused = take(gup, held, random) || pages_->pgmap->is_live() ? 0 : refused + 1;
      } else if (!held.empty()) {
        give_back();
      }
    }
    while (!held.empty()) {
      give_back();
    }
  }

  bool take(Gup& gup, std::vector<std::vector<mm::PagePtr>>& held, std::mt19937& random) {
    const std::uint64_t first = random() % kPages;
    std::vector<mm::PagePtr> pages(std::min<std::uint64_t>(1 + random() % 40, kPages - first));
    const bool was_dead = shared_.dead;
    std::array<std::uint32_t, kExtents> before{};
    for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
      before.at(extent) = shared_.poison.at(extent);
    }
    const auto got =
        random() % 2 == 0
            ? gup.pin_user_pages_fast(view_, kStart + first * kPageSize, pages.size(), FOLL_WRITE, pages.data())
            : gup.pin_user_pages(view_, kStart + first * kPageSize, pages.size(), FOLL_WRITE, pages.data());
    if (!got) {
      if (got.error() != Errno{EFAULT} && got.error() != Errno{EHWPOISON}) {
        fail_with(kErrno);
      }
      return false;
    }
    pages.resize(*got);
    for (const mm::PagePtr page : pages) {
      const auto folio = mm::page_folio(map_, page);
      const auto counts = mm::counts_of(folio->record());
      if (counts.pins < 1 || counts.refs < counts.pins || counts.refs > 1U << 20) {
        fail_with(kCount);
      }
      const std::uint64_t extent = folio->extent().value();
      if (before.at(extent) % 2 == 1 && shared_.poison.at(extent) == before.at(extent)) {
        fail_with(kOfPoison);
      }
    }
    if (was_dead) {
      fail_with(kAfterDeath);
    }
    shared_.pins.fetch_add(1);
    held.push_back(std::move(pages));
    return true;
  }

  mm::MemMap& map_;
  std::shared_ptr<mm::DevicePages> pages_;
  Shared& shared_;
  TableView view_;
  TableView::Vma& vma_;
  std::atomic<int> wrong_{kFine};
};

// One life of a device among four processes.
std::uint64_t life(unsigned seed) {
  mm::MemMap map;
  const pgmap::Device device(map, pgmap::kIdealDax, kOrder, kExtents, {});
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& shared = *new (memory) Shared;
  std::vector<pid_t> children;
  for (unsigned child = 0; child < kProcesses; ++child) {
    const pid_t pid = ::fork();
    EXPECT_GE(pid, 0);
    if (pid == 0) {
      forget_holds(map);
      ::_exit(Child(map, device.pages, shared).live(seed + 10 * child));
    }
    children.push_back(pid);
  }
  std::mt19937 random(seed);
  pgmap::RecordedReach reach;
  for (int step = 0; step < 60; ++step) {
    const std::uint64_t extent = random() % kExtents;
    EXPECT_TRUE(pgmap::memory_failure(*device.pgmap, device.folio(extent).pfn(), reach));
    shared.poison.at(extent).fetch_add(1);
    std::this_thread::sleep_for(1ms);
    shared.poison.at(extent).fetch_add(1);            // from now on a pin may be right again
    if (!pgmap::clear_poison(device.folio(extent))) { // EBUSY: somebody has pinned it since before it went bad
      device.folio(extent).record().flags.fetch_and(~mm::kFolioHwpoison);
    }
  }
  device.pgmap->kill();
  const auto dead = device.pgmap->wait_dead(60s);
  EXPECT_TRUE(dead) << dead.error().what;
  shared.dead = true;
  for (const pid_t child : children) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kFine) << "a child saw wrong " << status;
  }
  EXPECT_TRUE(reap_dead(map, {}));
  for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
    EXPECT_EQ(device.folio(extent).record().counts.load(), 0U) << "extent " << extent;
  }
  EXPECT_EQ(device.pages->folios().control().refused.load(), 0U) << "an underflow or a saturation";
  EXPECT_TRUE(ledger(map)->empty());
  const std::uint64_t pins = shared.pins;
  ::munmap(memory, sizeof(Shared));
  return pins;
}

TEST(Stress, ProcessesKeepTheInvariants) {
  const auto until = Clock::now() + duration();
  std::uint64_t pins = 0;
  unsigned lives = 0;
  while (Clock::now() < until && !testing::Test::HasFailure()) {
    pins += life(lives++ * 1000);
  }
  EXPECT_GT(pins, 100U);
  std::cout << lives << " lives of a device, " << pins << " pins by " << kProcesses << " processes\n";
}

} // namespace
} // namespace daxemu::gup
