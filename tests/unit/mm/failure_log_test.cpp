#include "emu/mm/failure_log.hpp"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::mm {
namespace {

constexpr pid_t kSelf = 10;

struct Heard {
  std::uint64_t extent;
  pid_t teller;
  bool operator==(const Heard&) const = default;
};

std::vector<Heard> heard_since(const FailureLog& log, std::uint64_t& seen) {
  std::vector<Heard> heard;
  seen = log.read(seen, kSelf, [&](ExtentIndex extent, pid_t teller) { heard.push_back({extent.value(), teller}); });
  return heard;
}

TEST(FailureLog, TellsWhatIsNewAndNotOnesOwn) {
  const auto log = std::make_unique<FailureLog>();
  std::uint64_t seen = 0;
  EXPECT_TRUE(heard_since(*log, seen).empty());
  log->note(ExtentIndex(3), 7);
  log->note(ExtentIndex(4), kSelf);
  log->note(ExtentIndex(5), 0);
  EXPECT_EQ(heard_since(*log, seen), (std::vector<Heard>{{3, 7}, {5, 0}}));
  EXPECT_TRUE(heard_since(*log, seen).empty());
}

TEST(FailureLog, TellsTheLastOnesOfTooMany) {
  const auto log = std::make_unique<FailureLog>();
  std::uint64_t seen = 0;
  for (std::uint64_t extent = 0; extent < 2 * FailureLog::kKept; ++extent) {
    log->note(ExtentIndex(extent), 0);
  }
  const auto heard = heard_since(*log, seen);
  ASSERT_EQ(heard.size(), FailureLog::kKept);
  EXPECT_EQ(heard.back().extent, 2 * FailureLog::kKept - 1);
}

// Somebody who saw failures of a device hears of those of the device that is made of the same bytes afterwards.
TEST(FailureLog, TellsOfALogThatHasBegunAnew) {
  auto log = std::make_unique<FailureLog>();
  std::uint64_t seen = 0;
  for (std::uint64_t extent = 0; extent < 5; ++extent) {
    log->note(ExtentIndex(extent), 0);
  }
  (void)heard_since(*log, seen);
  log = std::make_unique<FailureLog>();
  log->note(ExtentIndex(9), 7);
  EXPECT_EQ(heard_since(*log, seen), (std::vector<Heard>{{9, 7}}));
  log->note(ExtentIndex(2), 7);
  EXPECT_EQ(heard_since(*log, seen), (std::vector<Heard>{{2, 7}}));
}

} // namespace
} // namespace daxemu::mm
