// One bit per extent: what is set, where the next one is, and how far is looked for it.
#include "runtime/fault/devices/extent_bitmap.hpp"

#include <algorithm>
#include <barrier>
#include <random>
#include <thread>
#include <vector>

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

// What is known of whole parts of it says what its words do, whatever is set and cleared.
TEST(ExtentBitmap, IsWhatAPlainOneWouldBe) {
  for (const std::uint64_t size : {1U, 63U, 64U, 65U, 4096U, 32'704U, 32'705U, 32'768U, 100'000U, 262'144U, 262'145U}) {
    ExtentBitmap bits;
    ASSERT_TRUE(bits.reserve(size));
    std::vector<bool> plain(size);
    std::mt19937_64 random(size);
    const auto compare = [&](std::uint64_t from) {
      const auto at = std::find(plain.begin() + static_cast<std::ptrdiff_t>(from), plain.end(), true);
      ASSERT_EQ(bits.next(from), static_cast<std::uint64_t>(at - plain.begin())) << size << " from " << from;
    };
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t first = random() % size;
      // A bit, some, or all of them from some place on.
      const std::uint64_t count = 1 + (step % 3 == 0 ? 0 : step % 3 == 1 ? random() % 300 : size - first);
      if (random() % 3 == 0) {
        bits.clear(first, count);
        std::fill(plain.begin() + static_cast<std::ptrdiff_t>(first),
                  plain.begin() + static_cast<std::ptrdiff_t>(std::min(size, first + count)), false);
      } else {
        EXPECT_EQ(bits.set(first), plain[first]);
        plain[first] = true;
      }
      compare(0);
      compare(random() % size);
      if (HasFatalFailure()) {
        return;
      }
    }
    bits.clear(0, size);
    EXPECT_EQ(bits.next(0), size);
  }
}

// One thread sets a bit in each part while another one clears all of them: what is set in the end is found.
TEST(ExtentBitmap, APartThatIsClearedWhileABitIsSetIsNotForgotten) {
  constexpr std::uint64_t kSize = 8192; // 64 parts of two words
  constexpr std::uint64_t kPart = 128;
  constexpr int kTimes = 200;
  ExtentBitmap bits;
  ASSERT_TRUE(bits.reserve(kSize));
  std::barrier both(2);
  std::thread clearing([&] {
    for (int at = 0; at < kTimes; ++at) {
      both.arrive_and_wait();
      bits.clear(0, kSize);
      both.arrive_and_wait();
    }
  });
  for (int at = 0; at < kTimes; ++at) {
    both.arrive_and_wait();
    for (std::uint64_t bit = 5; bit < kSize; bit += kPart) {
      bits.set(bit);
    }
    both.arrive_and_wait();
    for (std::uint64_t bit = 5; bit < kSize; bit += kPart) {
      EXPECT_EQ(bits.next(bit - 5, bit + 1) == bit, bits.test(bit)) << at << " " << bit;
    }
  }
  clearing.join();
}

} // namespace
} // namespace daxemu::fault
