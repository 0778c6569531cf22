// Who holds what: kept in the device's folio file, and released for those who died.
#include "emu/mm/holder_table.hpp"

#include <csignal>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/mm/device_pages.hpp"
#include "tests/unit/mm/mm_devices.hpp"

namespace daxemu::mm {
namespace {

constexpr unsigned kOrder = 9;
constexpr HoldStamp kStamp{.tid = 77, .since_ns = 1'000, .site = 0xabc, .longterm = true};

void take(DevicePages& device, ExtentIndex extent, std::uint32_t gets, std::uint32_t pins,
          const HoldStamp& stamp = kStamp) {
  HolderRecord& record = device.holders()->mine(device.folios(), device.order()).value()[extent.value()];
  claim(record, hold_word(gets, pins), stamp);
  ASSERT_TRUE(add_counts(device.folios()[extent], counts_for(device.order(), gets, pins)));
  confirm(record, hold_word(gets, pins));
}
void give_back(DevicePages& device, ExtentIndex extent, std::uint32_t gets, std::uint32_t pins) {
  HolderRecord& record = device.holders()->mine(device.folios(), device.order()).value()[extent.value()];
  ASSERT_TRUE(begin_drop(record, hold_word(gets, pins)));
  ASSERT_TRUE(drop_counts(device.folios()[extent], counts_for(device.order(), gets, pins)));
  end_drop(record, hold_word(gets, pins));
}
// Runs `body` in a child that then dies of SIGKILL.
template <class Body>
void die_after(Body body) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(Holders, NeighboursHeldAlikeAreOneLine) {
  auto device = device_at(0x40'0000, kOrder, 64);
  for (std::uint64_t extent = 3; extent < 10; ++extent) {
    take(*device, ExtentIndex(extent), 0, 512);
  }
  take(*device, ExtentIndex(20), 1, 0, {.tid = 78, .since_ns = 2'000, .site = 0, .longterm = false});
  const auto holds = device->holders()->list(device->folios());
  ASSERT_TRUE(holds);
  ASSERT_EQ(holds->size(), 2U);
  const Hold& first = (*holds)[0];
  EXPECT_EQ(first.pid, ::getpid());
  EXPECT_EQ(first.tid, 77);
  EXPECT_EQ(first.first, ExtentIndex(3));
  EXPECT_EQ(first.folios, 7U);
  EXPECT_EQ(first.pins, 512U);
  EXPECT_EQ(first.gets, 0U);
  EXPECT_TRUE(first.longterm);
  EXPECT_EQ(first.since_ns, 1'000U);
  EXPECT_EQ(first.site, 0xabcU);
  EXPECT_EQ((*holds)[1].gets, 1U);
  EXPECT_FALSE((*holds)[1].longterm);
}

TEST(Holders, DroppingMoreThanHeldIsRefused) {
  auto device = device_at(0x40'0000, kOrder, 4);
  take(*device, ExtentIndex(0), 1, 2);
  HolderRecord& record = device->holders()->mine(device->folios(), device->order()).value()[0];
  EXPECT_EQ(begin_drop(record, hold_word(2, 0)).error(), Errno{ERANGE});
  EXPECT_EQ(begin_drop(record, hold_word(0, 3)).error(), Errno{ERANGE});
  EXPECT_EQ(begin_drop(record, hold_word(1, 3)).error(), Errno{ERANGE});
  EXPECT_EQ(record.applied.load(), hold_word(1, 2));
}

TEST(Holders, APlaceIsLeftOnlyEmptyHanded) {
  auto device = device_at(0x40'0000, kOrder, 4);
  take(*device, ExtentIndex(0), 0, 1);
  EXPECT_EQ(device->holders()->leave(device->folios()).error(), Errno{EBUSY});
  give_back(*device, ExtentIndex(0), 0, 1);
  EXPECT_TRUE(device->holders()->leave(device->folios()));
  EXPECT_EQ(device->folios().control().holders[0].state.load(), 0U);
}

TEST(Holders, DeadHoldersAreReleasedAndReportedLiveOnesKept) {
  auto device = device_at(0x40'0000, kOrder, 64);
  take(*device, ExtentIndex(5), 0, 3);
  die_after([&] {
    device->holders()->forget();
    take(*device, ExtentIndex(5), 0, 512);
    take(*device, ExtentIndex(6), 2, 0);
  });
  EXPECT_EQ(counts_of(device->folios()[ExtentIndex(5)]).pins, 515U);
  std::vector<std::pair<Hold, bool>> released;
  const auto count = device->holders()->reap(device->folios(), kOrder,
                                             [&](const Hold& hold, bool idle) { released.emplace_back(hold, idle); });
  ASSERT_EQ(count, 2U);
  EXPECT_EQ(released[0].first.first, ExtentIndex(5));
  EXPECT_EQ(released[0].first.pins, 512U);
  EXPECT_FALSE(released[0].second) << "we hold it still";
  EXPECT_EQ(released[1].first.gets, 2U);
  EXPECT_TRUE(released[1].second);
  EXPECT_EQ(counts_of(device->folios()[ExtentIndex(5)]).pins, 3U);
  EXPECT_EQ(device->folios()[ExtentIndex(6)].counts.load(), 0U);
  EXPECT_EQ(device->holders()->reap(device->folios(), kOrder, {}), 0U);
  EXPECT_EQ(device->folios().control().refused.load(), 0U);
}

// A sequence of short programs that register buffers is more processes than there are places.
TEST(Holders, PlacesOfTheDeadAreTakenWhenNoOtherIsLeft) {
  auto device = device_at(0x40'0000, kOrder, 4);
  take(*device, ExtentIndex(1), 0, 2);
  for (std::uint32_t process = 0; process < kMaxHolders + 3; ++process) {
    int status = 0;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      device->holders()->forget();
      take(*device, ExtentIndex(1), 0, 1);
      ::_exit(HasFatalFailure() ? 1 : 0);
    }
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0) << "process " << process;
  }
  ASSERT_TRUE(device->holders()->reap(device->folios(), kOrder, {}));
  EXPECT_EQ(counts_of(device->folios()[ExtentIndex(1)]).pins, 2U);
}

TEST(Holders, DeathInTheMiddleOfAChangeLeavesNoDoubt) {
  // Where the holder died, and what it had of the folio before; the survivor's pin must be all that is left.
  enum class Step { claimed, counted, drop_begun, drop_counted };
  for (const unsigned order : {0U, kOrder}) {
    for (const Step step : {Step::claimed, Step::counted, Step::drop_begun, Step::drop_counted}) {
      auto device = device_at(0x40'0000, order, 4);
      take(*device, ExtentIndex(1), 0, 2);
      const std::uint64_t mine = device->folios()[ExtentIndex(1)].counts.load();
      die_after([&] {
        device->holders()->forget();
        take(*device, ExtentIndex(1), 0, 1);
        HolderRecord& record = device->holders()->mine(device->folios(), device->order()).value()[1];
        FolioRecord& folio = device->folios()[ExtentIndex(1)];
        const std::uint64_t word = hold_word(0, 1);
        if (step == Step::claimed || step == Step::counted) {
          claim(record, word, kStamp);
        }
        if (step == Step::counted) {
          (void)add_counts(folio, counts_for(order, 0, 1));
        }
        if (step == Step::drop_begun || step == Step::drop_counted) {
          (void)begin_drop(record, word);
        }
        if (step == Step::drop_counted) {
          (void)drop_counts(folio, counts_for(order, 0, 1));
        }
      });
      ASSERT_TRUE(device->holders()->reap(device->folios(), order, {}));
      EXPECT_EQ(device->folios()[ExtentIndex(1)].counts.load(), mine)
          << "order " << order << " step " << static_cast<int>(step);
    }
  }
}

TEST(Holders, PlacesOfTheDeadAreUsedAgain) {
  auto device = device_at(0x40'0000, kOrder, 4);
  for (int generation = 0; generation < 3; ++generation) {
    die_after([&] { take(*device, ExtentIndex(0), 0, 1); });
    ASSERT_EQ(device->holders()->reap(device->folios(), kOrder, {}), 1U);
    EXPECT_EQ(device->folios().control().holders[0].state.load(), 0U);
  }
}

TEST(Holders, StartTimeKnowsTheLivingOnly) {
  EXPECT_TRUE(start_time_of(::getpid()));
  std::ifstream stat("/proc/self/stat");
  std::string field;
  for (int at = 1; at <= 22; ++at) {
    stat >> field; // the test's own name has no blanks
  }
  EXPECT_EQ(std::to_string(*start_time_of(::getpid())), field);
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(start_time_of(child)) << "a zombie holds nothing";
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(start_time_of(child));
}

} // namespace
} // namespace daxemu::mm
