#include "emu/store/generation.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>

#include "emu/store/processes/process_slots.hpp"

namespace daxemu::store {
namespace {

// A futex is 32 bits: the low half of the counter.
static_assert(std::endian::native == std::endian::little);
long word_of(Platform& platform) {
  return reinterpret_cast<long>(&platform.generation);
}

constexpr long kFutexWaitv = 449; // newer than the headers of some machines

// struct futex_waitv of linux/futex.h
struct WaitedWord {
  std::uint64_t value;
  std::uint64_t address;
  std::uint32_t flags = 2; // FUTEX_32, shared
  std::uint32_t reserved = 0;
};

constexpr int kRounds = 2000;
constexpr timespec kRound = {0, 100'000};
constexpr int kAliveEvery = 20; // rounds between looks whether it still lives

} // namespace

std::uint32_t generation_of(const Platform& platform) {
  return static_cast<std::uint32_t>(platform.generation.load(std::memory_order_acquire));
}

std::uint32_t announce(Platform& platform) {
  const auto now = static_cast<std::uint32_t>(platform.generation.fetch_add(1) + 1);
  (void)sys::call(SYS_futex, word_of(platform), FUTEX_WAKE, INT_MAX); // shared: any process may wait
  return now;
}

bool await_change(Platform& platform, std::uint32_t seen, const OtherWord& other) {
  if (other.limit != nullptr) {
    (void)sys::call(SYS_futex, word_of(platform), FUTEX_WAIT, seen, reinterpret_cast<long>(other.limit));
    return generation_of(platform) != seen;
  }
  while (generation_of(platform) == seen) {
    if (other.word != nullptr) {
      const std::array<WaitedWord, 2> words = {
          {{seen, static_cast<std::uint64_t>(word_of(platform))},
           {other.value, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(other.word))}}};
      const auto woken = sys::call(kFutexWaitv, reinterpret_cast<long>(words.data()), words.size());
      if (woken || woken.error() == Errno{EAGAIN} || woken.error() == Errno{EINTR}) {
        return generation_of(platform) != seen;
      }
    }
    // Without the call (Linux 5.16), or where a filter has something against it, the other word goes unseen.
    (void)sys::call(SYS_futex, word_of(platform), FUTEX_WAIT, seen);
  }
  return true;
}

void await_followers(const Store& store, std::uint32_t generation) {
  int rounds = kRounds; // for all of them together
  for (ProcessSlot& slot : store.slots()) {
    const auto behind = [&] {
      return slot.state.load() == kSlotLive && slot.engine.load() != 0 &&
             static_cast<std::int32_t>(slot.followed.load() - generation) < 0;
    };
    for (int round = 1; behind() && rounds > 0; ++round, --rounds) {
      if (round % kAliveEvery == 1 && !is_alive(slot)) {
        break;
      }
      (void)sys::call(SYS_nanosleep, reinterpret_cast<long>(&kRound), 0);
    }
  }
}

} // namespace daxemu::store
