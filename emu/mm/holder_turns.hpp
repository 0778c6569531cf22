// Threads of one process take turns at its holder records, block by block: who has a block's turn changes its words
// without locking the bus for each, which is what most of the time of a pin goes to (some 20 cycles each on Intel).
// In this process's own memory: whoever looks from outside sees the words change in the same order.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "emu/mm/holder_table.hpp"

namespace daxemu::mm {

class HolderTurns {
public:
  static constexpr std::uint64_t kBlock = 64; // extents: a page of records

  using Owner = std::uintptr_t; // of a thread; 0: nobody
  [[nodiscard]] std::atomic<Owner>& of(std::uint64_t block) {
    // Threads that go through halves of a device side by side shall not meet in one place at each step.
    constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15U; // 2^64 by the golden ratio
    return places_[(block * kSpread) >> (64U - kPlaceBits)].owner;
  }
  // In a forked child, where nobody has a turn.
  void forget() {
    for (Place& place : places_) {
      place.owner.store(0, std::memory_order_relaxed);
    }
  }
  // Takes `place` for `me`, however long somebody else has it.
  static void wait(std::atomic<Owner>& place, Owner me);

private:
  static constexpr unsigned kPlaceBits = 6;
  struct alignas(64) Place {
    std::atomic<Owner> owner{0};
  };
  std::array<Place, 1U << kPlaceBits> places_{};
};

// One thread's turn, at one block after the other.
class HolderTurn {
public:
  explicit HolderTurn(HolderTurns* turns) : turns_(turns) {} // nullptr: there are no records
  ~HolderTurn() { leave(); }
  HolderTurn(const HolderTurn&) = delete;
  HolderTurn& operator=(const HolderTurn&) = delete;

  // The turn at the block of `extent`, from here to the next call.
  void at(std::uint64_t extent) {
    if (const std::uint64_t block = extent / HolderTurns::kBlock; block != block_ && turns_ != nullptr) {
      leave();
      take(block);
    }
  }
  // Until the next at(): before anything is called that may wait for others.
  void leave() {
    if (place_ != nullptr && place_->load(std::memory_order_relaxed) == me()) {
      place_->store(0, std::memory_order_release);
    }
    place_ = nullptr;
    block_ = kNone;
  }

private:
  static constexpr std::uint64_t kNone = ~0ULL;

  [[nodiscard]] static HolderTurns::Owner me() { return reinterpret_cast<HolderTurns::Owner>(&self_); }
  void take(std::uint64_t block) {
    std::atomic<HolderTurns::Owner>& place = turns_->of(block);
    HolderTurns::Owner owner = 0;
    block_ = block;
    if (place.compare_exchange_strong(owner, me(), std::memory_order_acquire, std::memory_order_relaxed)) {
      place_ = &place;
    } else if (owner != me()) { // ours: a signal handler that came in the middle; each step is one instruction
      HolderTurns::wait(place, me());
      place_ = &place;
    }
  }

  __attribute__((tls_model("initial-exec"))) static inline thread_local constinit char self_ = 0;

  HolderTurns* turns_;
  std::atomic<HolderTurns::Owner>* place_ = nullptr;
  std::uint64_t block_ = kNone;
};

// How who has the turn changes a word (AnyThread in holder_table.hpp: how everybody may).
struct InTurn {
  static std::uint64_t add(std::atomic<std::uint64_t>& word, std::uint64_t value);
  static bool replace(std::atomic<std::uint64_t>& word, std::uint64_t& now, std::uint64_t wanted);
};

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
// Of x86, stores are seen in the order in which they are made, and one instruction is not interrupted by a signal.
inline std::uint64_t InTurn::add(std::atomic<std::uint64_t>& word, std::uint64_t value) {
  asm volatile("xaddq %0, %1" : "+r"(value), "+m"(word) : : "memory", "cc");
  return value;
}
inline bool InTurn::replace(std::atomic<std::uint64_t>& word, std::uint64_t& now, std::uint64_t wanted) {
  bool replaced = false;
  asm volatile("cmpxchgq %3, %1" : "=@cce"(replaced), "+m"(word), "+a"(now) : "r"(wanted) : "memory");
  return replaced;
}
#else
inline std::uint64_t InTurn::add(std::atomic<std::uint64_t>& word, std::uint64_t value) {
  return AnyThread::add(word, value);
}
inline bool InTurn::replace(std::atomic<std::uint64_t>& word, std::uint64_t& now, std::uint64_t wanted) {
  return AnyThread::replace(word, now, wanted);
}
#endif

} // namespace daxemu::mm
