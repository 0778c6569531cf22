// Processes that pin and unpin at random are killed at random: nothing of what they held stays.
#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/gup/gup.hpp"
#include "emu/gup/ledger.hpp"
#include "tests/unit/gup/gup_table_view.hpp"

namespace daxemu::gup {
namespace {

constexpr std::uint64_t kStart = 1ULL << 40;
constexpr std::uint64_t kExtents = 16;
constexpr int kKills = 200;
constexpr int kTogether = 4;

class Killed : public testing::TestWithParam<unsigned> {};

// A child's life: pins and unpins until it is killed; any surprise ends it with an exit code.
[[noreturn]] void pin_until_killed(mm::MemMap& map, TableView& view, std::uint64_t nr_pages, unsigned seed) {
  forget_holds(map);
  std::mt19937 random(seed);
  Gup gup(map);
  std::vector<std::vector<mm::PagePtr>> held;
  while (true) {
    if (held.size() < 8 && random() % 2 == 0) {
      const std::uint64_t first = random() % nr_pages;
      std::vector<mm::PagePtr> pages(std::min(1 + random() % 600, nr_pages - first));
      const auto got =
          gup.pin_user_pages_fast(view, kStart + first * kPageSize, pages.size(), FOLL_WRITE, pages.data());
      if (!got || *got != pages.size()) {
        ::_exit(3);
      }
      held.push_back(std::move(pages));
    } else if (!held.empty()) {
      if (!gup.unpin_user_pages(held.back().data(), held.back().size())) {
        ::_exit(4);
      }
      held.pop_back();
    }
  }
}

TEST_P(Killed, NothingStays) {
  const unsigned order = GetParam();
  mm::MemMap map;
  const pgmap::Device device(map, pgmap::kIdealDax, order, kExtents, {});
  TableView view;
  TableView::populate(view.add(kStart, device.pages, kExtents << order));
  std::mt19937 random(order);
  std::uint64_t released = 0;
  for (int round = 0; round < kKills / kTogether; ++round) {
    std::vector<pid_t> children;
    for (int child = 0; child < kTogether; ++child) {
      const pid_t pid = ::fork();
      ASSERT_GE(pid, 0);
      if (pid == 0) {
        pin_until_killed(map, view, kExtents << order, static_cast<unsigned>(round * kTogether + child));
      }
      children.push_back(pid);
    }
    for (const pid_t child : children) { // one after the other: the others go on while its holds are released
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
      ASSERT_EQ(::kill(child, SIGKILL), 0);
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFSIGNALED(status)) << "a pin or an unpin went wrong: " << WEXITSTATUS(status);
      const auto reaped = reap_dead(map, {});
      ASSERT_TRUE(reaped);
      released += *reaped;
    }
    for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
      const auto counts = mm::counts_of(device.folio(extent).record());
      ASSERT_EQ(counts.refs, 0U) << "round " << round << " extent " << extent;
      ASSERT_EQ(counts.pins, 0U) << "round " << round << " extent " << extent;
    }
    ASSERT_TRUE(ledger(map)->empty());
  }
  EXPECT_GT(released, 0U) << "nobody was killed while holding something";
  EXPECT_EQ(device.pages->folios().control().refused.load(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Gup, Killed, testing::Values(0U, 9U));

} // namespace
} // namespace daxemu::gup
