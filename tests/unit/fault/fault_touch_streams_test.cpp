#include "runtime/fault/devices/touch_streams.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daxemu::fault {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint64_t> windows(TouchStreams& streams, const std::vector<std::uint64_t>& extents) {
  std::vector<std::uint64_t> found;
  for (const std::uint64_t extent : extents) {
    found.push_back(streams.touched(extent, false));
  }
  return found;
}

TEST(TouchStreams, TheFourthInARowOpensAWindowThatDoubles) {
  TouchStreams streams;
  EXPECT_THAT(windows(streams, {7, 8, 9, 10, 11, 12, 13, 14, 15}), ElementsAre(0, 0, 0, 4, 8, 16, 32, 64, 64));
}

TEST(TouchStreams, GoesOnBehindWhatWasMappedAhead) {
  TouchStreams streams;
  EXPECT_THAT(windows(streams, {0, 1, 2, 3}), ElementsAre(0, 0, 0, 4));
  streams.mapped_ahead(3, 4);
  EXPECT_EQ(streams.touched(8, false), 8U);
  streams.mapped_ahead(8, 0); // nothing could be: the next one faults
  EXPECT_EQ(streams.touched(9, false), 16U);
}

TEST(TouchStreams, AJumpBeginsAnew) {
  TouchStreams streams;
  EXPECT_THAT(windows(streams, {0, 1, 2, 3, 40, 41, 42, 43}), ElementsAre(0, 0, 0, 4, 0, 0, 0, 4));
}

TEST(TouchStreams, RandomOnesOpenNone) {
  TouchStreams streams;
  EXPECT_THAT(windows(streams, {5, 99, 3, 50, 7, 1, 98, 4}), ::testing::Each(0));
}

TEST(TouchStreams, ManyThatFollowNoneSpeakForWhatLiesAround) {
  TouchStreams streams;
  std::vector<std::uint64_t> around;
  for (std::uint64_t extent = 0; extent < 140; ++extent) {
    (void)streams.touched(3 * extent + 1, false);
    around.push_back(streams.around());
  }
  EXPECT_EQ(around[6], 0U);
  EXPECT_EQ(around[7], 4U);
  EXPECT_EQ(around[15], 8U);
  EXPECT_EQ(around[31], 16U);
  EXPECT_EQ(around[127], TouchStreams::kMostAround);
  EXPECT_EQ(around[139], TouchStreams::kMostAround);
  constexpr std::uint64_t kNext = 3 * 139 + 2;
  EXPECT_EQ(streams.touched(kNext, false), 0U); // one or two that follow are chance
  EXPECT_EQ(streams.touched(kNext + 1, false), 0U);
  EXPECT_EQ(streams.around(), TouchStreams::kMostAround);
  EXPECT_NE(streams.touched(kNext + 2, false), 0U);
  EXPECT_EQ(streams.around(), 0U);
}

TEST(TouchStreams, FollowsSeveralAtOnce) {
  TouchStreams streams;
  EXPECT_THAT(windows(streams, {10, 500, 11, 501, 12, 502, 13, 503, 14, 504}),
              ElementsAre(0, 0, 0, 0, 0, 0, 4, 4, 8, 8));
}

TEST(TouchStreams, TheSameExtentAgainChangesNothing) {
  TouchStreams streams;
  EXPECT_THAT(windows(streams, {3, 4, 4, 4, 5, 6}), ElementsAre(0, 0, 0, 0, 0, 4));
}

TEST(TouchStreams, WhoIsToldNeedsNoProof) {
  TouchStreams streams;
  EXPECT_EQ(streams.touched(3, true), 4U);
  streams.mapped_ahead(3, 4);
  EXPECT_EQ(streams.touched(8, true), 8U);
}

} // namespace
} // namespace daxemu::fault
