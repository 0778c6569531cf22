// The order of slots' numbers, beside a plain list of them: at either end, in the middle, around the ring, and full.
#include "runtime/fault/mappings/slot_order.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::fault {
namespace {

struct Orders {
  explicit Orders(std::size_t head) { order.use(numbers.get(), turns.get(), head); }
  void insert(std::size_t index, std::uint16_t slot) {
    order.insert(index, expected.size(), slot);
    expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(index), slot);
  }
  void erase(std::size_t index) {
    order.erase(index, expected.size());
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(index));
  }
  [[nodiscard]] bool same() const {
    for (std::size_t at = 0; at < expected.size(); ++at) {
      if (order[at] != expected[at]) {
        return false;
      }
    }
    return true;
  }
  std::unique_ptr<SlotOrder::Number[]> numbers =
      std::make_unique<SlotOrder::Number[]>(SlotOrder::kMost * SlotOrder::kStride);
  std::unique_ptr<SlotOrder::Turn[]> turns = std::make_unique<SlotOrder::Turn[]>(SlotOrder::kBlocks);
  SlotOrder order;
  std::vector<std::uint16_t> expected;
};

TEST(SlotOrder, AnywhereInAnyNumber) {
  for (const std::size_t head : {std::size_t{0}, SlotOrder::kMost - SlotOrder::kBlock, SlotOrder::kMost - 1}) {
    std::mt19937 random(static_cast<unsigned>(head) + 1);
    Orders orders(head);
    for (const std::size_t most : {3U, 255U, 256U, 257U, 700U, 2'000U}) {
      for (std::size_t step = 0; step < 1'500; ++step) {
        const std::size_t count = orders.expected.size();
        if (count < most && (count == 0 || random() % 3 != 0)) {
          orders.insert(random() % (count + 1), static_cast<std::uint16_t>(random()));
        } else {
          orders.erase(random() % count);
        }
        if (step % 50 == 0) {
          ASSERT_TRUE(orders.same()) << head << " " << most << " " << step;
        }
      }
      ASSERT_TRUE(orders.same());
    }
  }
}

TEST(SlotOrder, AtItsEndsAllAroundTheRing) {
  Orders orders(SlotOrder::kMost - SlotOrder::kBlock);
  for (std::uint16_t slot = 0; slot < 600; ++slot) {
    orders.insert(orders.expected.size(), slot);
  }
  for (std::size_t step = 0; step < SlotOrder::kMost + 1'000; ++step) { // from its head to its end: the ring goes round
    orders.erase(0);
    orders.insert(orders.expected.size() - step % 2, static_cast<std::uint16_t>(step));
  }
  EXPECT_TRUE(orders.same());
}

TEST(SlotOrder, Full) {
  std::mt19937 random(1);
  Orders orders(SlotOrder::kMost - SlotOrder::kBlock);
  for (std::size_t slot = 0; slot < SlotOrder::kMost; ++slot) {
    orders.insert(random() % (slot + 1), static_cast<std::uint16_t>(slot));
  }
  EXPECT_TRUE(orders.same());
  for (std::size_t step = 0; step < 2'000; ++step) {
    const std::size_t index = random() % SlotOrder::kMost;
    const std::uint16_t slot = orders.expected[index];
    orders.erase(index);
    orders.insert(random() % SlotOrder::kMost, slot);
  }
  EXPECT_TRUE(orders.same());
}

} // namespace
} // namespace daxemu::fault
