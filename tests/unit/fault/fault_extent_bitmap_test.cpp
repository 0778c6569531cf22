// One bit per extent: what is set, where the next one is, and how far is looked for it.
#include "runtime/fault/devices/extent_bitmap.hpp"

#include <gtest/gtest.h>

namespace daxemu::fault {
namespace {

TEST(ExtentBitmap, TheNextOneAndHowFarIsLooked) {
  ExtentBitmap bits;
  ASSERT_TRUE(bits.reserve(1000));
  EXPECT_EQ(bits.next(0), 1000U);
  EXPECT_EQ(bits.next(0, 70), 70U);
  EXPECT_FALSE(bits.set(3));
  EXPECT_FALSE(bits.set(130));
  EXPECT_TRUE(bits.set(130));
  EXPECT_EQ(bits.next(0), 3U);
  EXPECT_EQ(bits.next(4), 130U);
  EXPECT_EQ(bits.next(4, 130), 130U); // none before it
  EXPECT_EQ(bits.next(4, 129), 129U); // in the same word as the limit
  EXPECT_EQ(bits.next(131), 1000U);
  EXPECT_EQ(bits.next(0, 5000), 3U);
  EXPECT_EQ(bits.next(2000), 1000U);
  EXPECT_EQ(bits.next(50, 20), 20U);
}

TEST(ExtentBitmap, ClearsWhatItIsToldTo) {
  ExtentBitmap bits;
  ASSERT_TRUE(bits.reserve(1000));
  for (const std::uint64_t bit : {0U, 63U, 64U, 200U, 999U}) {
    bits.set(bit);
  }
  bits.clear(63, 137);
  EXPECT_TRUE(bits.test(0));
  EXPECT_EQ(bits.next(1), 200U);
  bits.clear(200, 5000);
  EXPECT_EQ(bits.next(1), 1000U);
}

} // namespace
} // namespace daxemu::fault
