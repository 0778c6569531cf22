// The numbers of slots in some order: a ring, so that whichever end is nearer moves when one comes or goes. Readers of
// other threads see, while a writer is at it, any numbers, but only numbers of slots.
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
  using Number = std::atomic<std::uint16_t>;

  // `head`: the place where a first one is put.
  void use(Number* numbers, std::size_t head) noexcept {
    numbers_ = numbers;
    head_.store(head, std::memory_order_release);
  }
  [[nodiscard]] std::size_t operator[](std::size_t index) const noexcept {
    return number(index).load(std::memory_order_acquire);
  }

  // Of `count` numbers there will be one more, `slot`, at `index`; the one at `index` is no more.
  void insert(std::size_t index, std::size_t count, std::size_t slot) noexcept {
    if (moves_low(index, count)) {
      set_head(-1);
      move_down(0, index);
    } else {
      move_up(index, count);
    }
    number(index).store(static_cast<std::uint16_t>(slot), std::memory_order_release);
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
  [[nodiscard]] Number& number(std::size_t index) const noexcept {
    return numbers_[((head_.load(std::memory_order_acquire) + index) & (kMost - 1)) * kStride];
  }
  // Those behind [first, last) come one place nearer to the head, and those of it one further from it. Only who writes
  // changes the numbers, so it may read them as it likes.
  void move_down(std::size_t first, std::size_t last) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    for (std::size_t at = head + first; at < head + last; ++at) {
      copy(at, at + 1);
    }
  }
  void move_up(std::size_t first, std::size_t last) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    for (std::size_t at = head + last; at > head + first; --at) {
      copy(at, at - 1);
    }
  }
  void copy(std::size_t to, std::size_t from) noexcept {
    numbers_[(to & (kMost - 1)) * kStride].store(
        numbers_[(from & (kMost - 1)) * kStride].load(std::memory_order_relaxed), std::memory_order_release);
  }
  void set_head(int step) noexcept {
    head_.store((head_.load(std::memory_order_relaxed) + static_cast<std::size_t>(step)) & (kMost - 1),
                std::memory_order_release);
  }

  Number* numbers_ = nullptr;
  std::atomic<std::size_t> head_{0};
};

} // namespace daxemu::fault
