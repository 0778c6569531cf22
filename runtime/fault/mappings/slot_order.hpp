// The numbers of slots in some order: a ring, so that whichever end is nearer moves when one comes or goes. A block of
// the ring that moves as a whole is turned in itself, so that no more than two blocks are moved number by number.
// Readers of other threads see, while a writer is at it, any numbers, but only numbers of slots.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace daxemu::fault {

// kMost numbers of 16 bits, every kStride-th one from `numbers` on; all zero at first.
class SlotOrder {
public:
  static constexpr std::size_t kMost = 1UL << 16U;
  static constexpr std::size_t kStride = 2; // two orders lie side by side
  static constexpr std::size_t kBlock = 1UL << 8U;
  static constexpr std::size_t kBlocks = kMost / kBlock;
  using Number = std::atomic<std::uint16_t>;
  using Turn = std::atomic<std::uint8_t>; // which place of a block is its first one

  // `turns`: kBlocks of them, all zero. `head`: the place where a first one is put.
  void use(Number* numbers, Turn* turns, std::size_t head) noexcept {
    numbers_ = numbers;
    turns_ = turns;
    head_.store(head, std::memory_order_release);
  }
  // What a search looks at: where things are is read once.
  class Look {
  public:
    explicit Look(const SlotOrder& order) noexcept
        : numbers_(order.numbers_), turns_(order.turns_), head_(order.head_.load(std::memory_order_acquire)) {}
    [[nodiscard]] std::size_t operator[](std::size_t index) const noexcept {
      return place_of(numbers_, turns_, head_ + index).load(std::memory_order_acquire);
    }

  private:
    Number* numbers_;
    Turn* turns_;
    std::size_t head_;
  };
  [[nodiscard]] std::size_t operator[](std::size_t index) const noexcept { return Look(*this)[index]; }

  // Of `count` numbers there will be one more, `slot`, at `index`; the one at `index` is no more.
  void insert(std::size_t index, std::size_t count, std::size_t slot) noexcept {
    if (moves_low(index, count)) {
      set_head(-1);
      move_down(0, index);
    } else {
      move_up(index, count);
    }
    number(head_.load(std::memory_order_relaxed) + index)
        .store(static_cast<std::uint16_t>(slot), std::memory_order_release);
  }
  void erase(std::size_t index, std::size_t count) noexcept {
    if (moves_low(index, count)) {
      move_up(0, index);
      set_head(1);
    } else {
      move_down(index, count - 1);
    }
  }

private:
  // Which side of a gap moves: the shorter one. An order of a few stays where it is.
  static bool moves_low(std::size_t index, std::size_t count) noexcept {
    constexpr std::size_t kFew = 64;
    return count >= kFew && index < count / 2;
  }
  [[nodiscard]] Turn& turn_at(std::size_t place) const noexcept { return turns_[place / kBlock % kBlocks]; }
  static Number& place_of(Number* numbers, const Turn* turns, std::size_t place) noexcept {
    const std::size_t block = place / kBlock % kBlocks;
    const std::size_t in_block = (place + turns[block].load(std::memory_order_acquire)) % kBlock;
    return numbers[(block * kBlock + in_block) * kStride];
  }
  [[nodiscard]] Number& number(std::size_t place) const noexcept { return place_of(numbers_, turns_, place); }
  // Those behind [first, last) come one place nearer to the head, and those of it one further from it. The gap between
  // those that moved and those that have not is at `at`: a block that it would go through from end to end is turned.
  void move_down(std::size_t first, std::size_t last) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    std::size_t at = head + first;
    for (const std::size_t end = head + last; at < end;) {
      const std::size_t block_end = at / kBlock * kBlock + kBlock - 1;
      if (at % kBlock == 0 && block_end <= end) {
        turn(at, 1);
        at = block_end;
      }
      const Block block = block_of(at);
      for (const std::size_t until = block_end < end ? block_end : end; at < until; ++at) {
        block.copy(at, at + 1);
      }
      if (at < end) { // at the block's end
        number(at).store(number(at + 1).load(std::memory_order_relaxed), std::memory_order_release);
        ++at;
      }
    }
  }
  void move_up(std::size_t first, std::size_t last) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    std::size_t at = head + last;
    for (const std::size_t end = head + first; at > end;) {
      const std::size_t block_start = at / kBlock * kBlock;
      if (at % kBlock == kBlock - 1 && block_start >= end) {
        turn(at, -1);
        at = block_start;
      }
      const Block block = block_of(at);
      for (const std::size_t until = block_start > end ? block_start : end; at > until; --at) {
        block.copy(at, at - 1);
      }
      if (at > end) {
        number(at).store(number(at - 1).load(std::memory_order_relaxed), std::memory_order_release);
        --at;
      }
    }
  }
  // Only who writes changes the numbers and turns, so it may read them as it likes.
  struct Block {
    Number* numbers;
    std::size_t turned;
    void copy(std::size_t to, std::size_t from) const noexcept {
      numbers[(to + turned) % kBlock * kStride].store(
          numbers[(from + turned) % kBlock * kStride].load(std::memory_order_relaxed), std::memory_order_release);
    }
  };
  [[nodiscard]] Block block_of(std::size_t place) const noexcept {
    return {numbers_ + place / kBlock % kBlocks * kBlock * kStride, turn_at(place).load(std::memory_order_relaxed)};
  }
  void turn(std::size_t place, int step) noexcept {
    Turn& turned = turn_at(place);
    turned.store(static_cast<std::uint8_t>(turned.load(std::memory_order_relaxed) + step), std::memory_order_release);
  }
  void set_head(int step) noexcept {
    head_.store((head_.load(std::memory_order_relaxed) + static_cast<std::size_t>(step)) & (kMost - 1),
                std::memory_order_release);
  }

  Number* numbers_ = nullptr;
  Turn* turns_ = nullptr;
  std::atomic<std::size_t> head_{0};
};

} // namespace daxemu::fault
