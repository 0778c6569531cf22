#include "emu/store/processes/process_slots.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/text/stat_word.hpp"

namespace daxemu::store {
namespace {

constexpr int kStateField = 3; // fields of proc(5) stat, counted from 1
constexpr int kStartField = 22;

std::uint32_t taking(int pid) {
  return kSlotTaking | static_cast<std::uint32_t>(pid) << kTakerShift;
}

// Has who took the slot, or was about to, ended?
bool is_abandoned(const ProcessSlot& slot, std::uint32_t state) {
  if (state == kSlotLive) {
    return !is_alive(slot);
  }
  return state != kSlotFree && !start_time_of(static_cast<int>(state >> kTakerShift));
}

void put(ProcessSlot& slot, int pid, std::uint64_t start) {
  slot.pid = pid;
  slot.start_time = start;
  slot.engine.store(0, std::memory_order_relaxed);
  slot.state.store(kSlotLive, std::memory_order_release);
}

} // namespace

Result<std::uint64_t> start_time_of(int pid) {
  std::array<char, 32> path{};
  constexpr std::string_view kProc = "/proc/";
  std::memcpy(path.data(), kProc.data(), kProc.size());
  char* end = std::to_chars(path.data() + kProc.size(), path.data() + path.size() - 6, pid).ptr;
  std::memcpy(end, "/stat", 6);
  auto raw = sys::open(path.data(), O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return fail(ESRCH);
  }
  const UniqueFd fd(*raw);
  std::array<char, 1024> text{};
  const auto got = sys::pread(fd.get(), text.data(), text.size(), 0);
  if (!got) {
    return fail(ESRCH);
  }
  const std::string_view line(text.data(), *got);
  const std::string_view state = stat_word(line, kStateField);
  const std::string_view started = stat_word(line, kStartField);
  if (state.empty() || state[0] == 'Z' || state[0] == 'X' || started.empty()) {
    return fail(ESRCH);
  }
  std::uint64_t start = 0;
  std::from_chars(started.data(), started.data() + started.size(), start);
  return start;
}

bool is_alive(const ProcessSlot& slot) {
  if (slot.state.load(std::memory_order_acquire) != kSlotLive) {
    return false;
  }
  const auto start = start_time_of(slot.pid);
  return start && *start == slot.start_time;
}

Result<ProcessSlot*> claim_slot(const Store& store, void (*reclaimed)(const Store&, ProcessSlot&)) {
  const int pid = sys::getpid();
  const auto start = start_time_of(pid);
  if (!start) {
    return fail(start.error().value); // no /proc: nobody could tell later that we have ended
  }
  for (ProcessSlot& slot : store.slots()) {
    if (slot.state.load(std::memory_order_acquire) == kSlotLive && slot.pid == pid && slot.start_time == *start) {
      return &slot;
    }
  }
  for (ProcessSlot& slot : store.slots()) {
    std::uint32_t free = kSlotFree;
    if (slot.state.compare_exchange_strong(free, taking(pid))) {
      put(slot, pid, *start);
      return &slot;
    }
  }
  // None is free: look for the dead, one process at a time.
  auto lock = ConfigLock::take(store);
  if (!lock) {
    return fail(lock.error().value);
  }
  for (ProcessSlot& slot : store.slots()) {
    std::uint32_t state = slot.state.load(std::memory_order_acquire);
    const bool was_live = state == kSlotLive;
    if (is_abandoned(slot, state) && slot.state.compare_exchange_strong(state, taking(pid))) {
      if (was_live && reclaimed != nullptr) {
        reclaimed(store, slot);
      }
      put(slot, pid, *start);
      return &slot;
    }
  }
  return fail(ENOSPC);
}

void release_slot(const Store& store) {
  const int pid = sys::getpid();
  for (ProcessSlot& slot : store.slots()) {
    if (slot.state.load(std::memory_order_acquire) == kSlotLive && slot.pid == pid) {
      slot.state.store(kSlotFree, std::memory_order_release);
      return;
    }
  }
}

} // namespace daxemu::store
