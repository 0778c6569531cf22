// What the firmware of DIMMs knows to be bad, and what it says of a DIMM's health.
#include <array>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "emu/nd/nfit/bad_ranges.hpp"
#include "emu/nd/nfit/health.hpp"

namespace daxemu::nd {
namespace {

struct BadRangesTest : testing::Test {
  std::array<store::NfitBadRange, 4> room{};
  std::uint32_t count = 0;
  BadRanges ranges{room, count};

  using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  [[nodiscard]] Pairs all() const {
    Pairs pairs;
    for (const store::NfitBadRange& range : ranges.all()) {
      pairs.emplace_back(range.start, range.length);
    }
    return pairs;
  }
};

TEST_F(BadRangesTest, WhatTouchesIsOne) {
  ASSERT_TRUE(add_range(ranges, 1000, 100));
  ASSERT_TRUE(add_range(ranges, 100, 100));
  ASSERT_TRUE(add_range(ranges, 1100, 50));
  EXPECT_EQ(all(), (Pairs{{100, 100}, {1000, 150}}));
  ASSERT_TRUE(add_range(ranges, 150, 900));
  EXPECT_EQ(all(), (Pairs{{100, 1050}}));
  ASSERT_TRUE(add_range(ranges, 200, 10)); // has it already
  EXPECT_EQ(all(), (Pairs{{100, 1050}}));
}

TEST_F(BadRangesTest, WhatIsForgottenLeavesTheRest) {
  ASSERT_TRUE(add_range(ranges, 100, 100));
  ASSERT_TRUE(add_range(ranges, 300, 100));
  ASSERT_TRUE(forget_range(ranges, 150, 200)); // the end of one, the beginning of the other
  EXPECT_EQ(all(), (Pairs{{100, 50}, {350, 50}}));
  ASSERT_TRUE(forget_range(ranges, 360, 10)); // out of the middle
  EXPECT_EQ(all(), (Pairs{{100, 50}, {350, 10}, {370, 30}}));
  ASSERT_TRUE(forget_range(ranges, 0, 1000));
  EXPECT_EQ(all(), Pairs{});
}

TEST_F(BadRangesTest, AFullListLosesNothing) {
  for (const std::uint64_t start : {0U, 100U, 200U, 300U}) {
    ASSERT_TRUE(add_range(ranges, start, 50));
  }
  const Pairs full = all();
  EXPECT_EQ(add_range(ranges, 400, 50).error(), Errno{ENOMEM});
  EXPECT_EQ(forget_range(ranges, 110, 10).error(), Errno{ENOMEM}); // would be two
  EXPECT_EQ(all(), full);
  ASSERT_TRUE(add_range(ranges, 150, 50)); // joins two
  EXPECT_EQ(count, 3U);
}

// Bytes of a payload, and what comes of it.
std::vector<std::byte> ask(store::NfitHealthRecord& health, std::uint32_t function, std::size_t size) {
  std::vector<std::byte> payload(size);
  EXPECT_TRUE(call_health(health, function, payload));
  return payload;
}

TEST(Health, BeginsAsThatOfTheMock) {
  store::NfitHealthRecord health;
  reset_health(health);
  const auto smart = ask(health, kIntelSmart, 132);
  EXPECT_EQ(std::to_integer<int>(smart[12]), 1);  // non-critical
  EXPECT_EQ(std::to_integer<int>(smart[13]), 75); // spares
  EXPECT_EQ(std::to_integer<int>(smart[20]), 42); // shutdowns
  const auto threshold = ask(health, kIntelThreshold, 12);
  EXPECT_EQ(std::to_integer<int>(threshold[6]), 5);
}

TEST(Health, IsInjectedAndTakenBack) {
  store::NfitHealthRecord health;
  reset_health(health);
  std::vector<std::byte> inject(19);
  inject[0] = std::byte{0x0f};
  inject[8] = inject[11] = inject[13] = inject[14] = std::byte{1};
  inject[9] = std::byte{0x70}; // 7 degrees
  inject[12] = std::byte{3};
  ASSERT_TRUE(call_health(health, kIntelInject, inject));
  EXPECT_EQ(health.media_temperature, 0x70U);
  EXPECT_EQ(health.spares, 3U);
  EXPECT_EQ(health.fatal, 1U);
  EXPECT_EQ(health.shutdowns, 43U);
  inject.assign(19, std::byte{});
  inject[0] = std::byte{0x0f};
  ASSERT_TRUE(call_health(health, kIntelInject, inject));
  EXPECT_EQ(health.media_temperature, 23U * 16U);
  EXPECT_EQ(health.spares, 75U);
  EXPECT_EQ(health.fatal + health.dirty, 0U);
  EXPECT_EQ(health.shutdowns, 43U); // they are counted for good
}

TEST(Health, RefusesWhatItDoesNotKnow) {
  store::NfitHealthRecord health;
  std::array<std::byte, 18> small{};
  EXPECT_EQ(call_health(health, kIntelSmart, small).error(), Errno{EINVAL});
  EXPECT_EQ(call_health(health, kIntelInject, small).error(), Errno{EINVAL});
  EXPECT_EQ(call_health(health, 12, small).error(), Errno{ENOTTY}); // firmware update
}

} // namespace
} // namespace daxemu::nd
