// What the calls by path that programs make most often ask before the system call, in one word: whether anything has to
// be done about it but to look at the path afterwards. After a system call the processor has little of our code left in
// its caches, and each line of it that has to be fetched again costs the caller: what is asked here is one comparison.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>

namespace daxemu::preload {

// In place of an answer of the kernel: nobody has asked it yet.
constexpr long kNotAsked = LONG_MIN;

// pthread_setcanceltype(3)
using CancelTypeSetter = int(int, int*);

// One bit each of PlainCalls::known_.
enum class PlainCall : std::uint8_t {
  open,
  open64,
  openat,
  openat64,
  stat,
  stat64,
  lstat,
  lstat64,
  fstatat,
  fstatat64,
  access
};

class __attribute__((visibility("hidden"))) PlainCalls {
public:
  // May the kernel be asked at once by us, in place of the C library, and is_plainly_of_others() of the answer?
  [[nodiscard, gnu::always_inline]] static bool asks(PlainCall call) noexcept {
    const std::uint64_t known = bit_of(call) << kKnownAt;
    return (word() & (kExpected | known)) == known;
  }
  // The same, and may what it opens for a path of ours be closed again? Of open(2) not while searches() may say yes.
  [[nodiscard, gnu::always_inline]] static bool opens(PlainCall call) noexcept {
    const std::uint64_t known = bit_of(call) << kKnownAt;
    const std::uint64_t searching = call == PlainCall::open || call == PlainCall::open64 ? kSearches : 0;
    return (word() & (kExpected | kLocks | searching | known)) == known;
  }
  // The same, while the program looks for files (Searching).
  [[nodiscard]] static bool searches(PlainCall call) noexcept {
    const std::uint64_t expected = (bit_of(call) << kKnownAt) | kSearches;
    return (word() & (kExpected | kLocks | expected)) == expected;
  }
  static void begin_search() noexcept { state_.known.fetch_or(kSearchesBit, std::memory_order_relaxed); }
  static void end_search() noexcept {
    state_.known.fetch_and(static_cast<std::uint16_t>(~kSearchesBit), std::memory_order_relaxed);
  }
  // What Searching counts.
  [[nodiscard]] static std::atomic<std::uint8_t>& missed() noexcept { return state_.missed; }
  // Its next definition is the C library's own. Of no use before paths tell.
  static void learn(PlainCall call) noexcept {
    if (state_.binds.load(std::memory_order_acquire) != nullptr) {
      state_.known.fetch_or(static_cast<std::uint16_t>(bit_of(call)), std::memory_order_release);
    }
  }

  // Does it hold that a path which is none of ours by its bytes is none of ours? From now on, as long as no node was
  // bound elsewhere on the platform: `binds` of them were.
  static void let_paths_tell(const std::atomic<std::uint32_t>& binds) noexcept {
    state_.binds.store(&binds, std::memory_order_release);
  }
  [[nodiscard]] static bool paths_tell() noexcept {
    return state_.binds.load(std::memory_order_acquire) != nullptr && still_tell();
  }
  // The same, for who was told that it may ask.
  [[nodiscard, gnu::always_inline]] static bool still_tell() noexcept {
    return state_.binds.load(std::memory_order_relaxed)->load(std::memory_order_acquire) == 0;
  }

  // Is the next definition of close(2) the C library's own, and does nobody want to hear of what is closed?
  [[nodiscard, gnu::always_inline]] static bool closes() noexcept {
    return state_.closes.load(std::memory_order_acquire) == kKnownClose;
  }
  static void learn_close() noexcept { state_.closes.fetch_or(kKnownClose); }
  static void watch_closes() noexcept { state_.closes.fetch_or(kWatchedClose); }

  // What makes a call that can be cancelled (CancelType); nullptr: it is not known, or there is none.
  [[nodiscard, gnu::always_inline]] static CancelTypeSetter* cancel_type_setter() noexcept {
    return state_.sets_cancel_type.load(std::memory_order_acquire);
  }
  static void learn_cancel_type_setter(CancelTypeSetter* setter) noexcept {
    state_.sets_cancel_type.store(setter, std::memory_order_release);
  }

  // How many paths of others may come before no more of ours are expected (Expectation).
  [[nodiscard]] static std::atomic<std::uint8_t>& expected() noexcept { return state_.expected; }
  // Has this program asked for a record lock on a device (may_hold_record_locks())?
  [[nodiscard]] static std::atomic<std::uint8_t>& locks() noexcept { return state_.locks; }

  // May a system call be made that programs seldom make, because it is quicker than the usual ones? Not once there is a
  // filter.
  [[nodiscard, gnu::always_inline]] static bool may_be_unusual() noexcept {
    return !state_.avoids_unusual.load(std::memory_order_relaxed);
  }
  static void avoid_unusual() noexcept { state_.avoids_unusual.store(true, std::memory_order_relaxed); }

private:
  // The first eight bytes are read as one word.
  struct alignas(sizeof(std::uint64_t)) State {
    std::atomic<std::uint8_t> expected{0};
    std::atomic<std::uint8_t> locks{0};
    std::atomic<std::uint16_t> known{0};
    std::atomic<std::uint32_t> closes{0};
    std::atomic<const std::atomic<std::uint32_t>*> binds{nullptr};
    std::atomic<CancelTypeSetter*> sets_cancel_type{nullptr};
    std::atomic<bool> avoids_unusual{false};
    std::atomic<std::uint8_t> missed{0};
  };
  static constexpr std::uint64_t kExpected = 0xff;
  static constexpr std::uint64_t kLocks = 0xff00;
  static constexpr unsigned kKnownAt = 16;
  static constexpr std::uint16_t kSearchesBit = 1U << 15U; // behind those of PlainCall
  static constexpr std::uint64_t kSearches = std::uint64_t{kSearchesBit} << kKnownAt;
  static constexpr std::uint32_t kKnownClose = 1;
  static constexpr std::uint32_t kWatchedClose = 2;

  static constexpr std::uint64_t bit_of(PlainCall call) { return std::uint64_t{1} << static_cast<unsigned>(call); }
  [[gnu::always_inline]] static std::uint64_t word() noexcept {
    using Word [[gnu::may_alias]] = std::uint64_t;
    return __atomic_load_n(reinterpret_cast<const Word*>(&state_), __ATOMIC_ACQUIRE);
  }

  static State state_;
};

} // namespace daxemu::preload
