#include "runtime/fault/devices/page_maker.hpp"

#include <algorithm>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/program/aside.hpp"
#include "emu/base/units.hpp"
#include "runtime/fault/devices/huge_page.hpp"
#include "runtime/fault/process/processors.hpp"
#include "runtime/fault/process/service_thread.hpp"

namespace daxemu::fault {
namespace {

constexpr long kMakerPatienceNs = 20'000'000;

void await_word(std::atomic<std::uint32_t>& word, std::uint32_t seen, const timespec* patience) {
  (void)sys::call(SYS_futex, reinterpret_cast<long>(&word), FUTEX_WAIT_PRIVATE, seen, reinterpret_cast<long>(patience));
}

void tell(std::atomic<std::uint32_t>& word) {
  (void)sys::call(SYS_futex, reinterpret_cast<long>(&word), FUTEX_WAKE_PRIVATE, INT_MAX);
}

void leave(std::span<std::byte> place) {
  (void)sys::mmap(place.data(), place.size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
                  0);
}

} // namespace

constinit PageMaker PageMaker::one_;

bool PageMaker::prepare() {
  if (!place_.empty()) {
    return true;
  }
  constexpr std::size_t kRoom = 2 * kPmdSize;
  auto room = sys::mmap_aside(kRoom, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (!room) {
    return false;
  }
  const auto start = reinterpret_cast<std::uintptr_t>(*room);
  place_ = {static_cast<std::byte*>(*room) + (align_up(start, kPmdSize) - start), kPmdSize};
  return true;
}

void PageMaker::start(const store::CpuMask& cpus) {
  if (is_there() || processors(cpus) < 2 || !prepare()) {
    return;
  }
  there_.store(ServiceThread{"daxemu-make", live, this, &stack_, cpus}.start().has_value(), std::memory_order_release);
}

void PageMaker::abandon() {
  if (!there_.load()) {
    return;
  }
  const auto left = [](const Slot& slot) { return slot.state.load() == kMaking; };
  if (std::ranges::any_of(slots_, left)) { // the parent's window, which came along
    leave(place_);
  }
  for (Slot& slot : slots_) {
    slot.state.store(kFree);
  }
  head_.store(0);
  tail_.store(0);
  asking_.store(false);
  there_.store(false);
}

bool PageMaker::ask(const Page& page) {
  if (!is_there() || asking_.exchange(true, std::memory_order_acquire)) {
    return false;
  }
  const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
  Slot& slot = slots_[tail % kSlots];
  const auto same = [&](const Slot& other) {
    return other.state.load() != kFree && other.folio.load(std::memory_order_relaxed) == page.folio;
  };
  const bool has_room = tail - head_.load(std::memory_order_acquire) < kSlots && std::ranges::none_of(slots_, same);
  if (has_room) {
    slot.page = page;
    slot.folio.store(page.folio, std::memory_order_relaxed);
    slot.state.store(kAsked, std::memory_order_release);
    tail_.store(tail + 1, std::memory_order_release);
  }
  asking_.store(false, std::memory_order_release);
  if (has_room) {
    tell(tail_);
  }
  return has_room;
}

void PageMaker::settle(const mm::FolioRecord& folio) {
  if (!is_there()) {
    return;
  }
  for (Slot& slot : slots_) {
    if (slot.folio.load(std::memory_order_relaxed) != &folio) {
      continue;
    }
    std::uint32_t state = kAsked;
    if (slot.state.compare_exchange_strong(state, kFree, std::memory_order_acquire)) {
      continue;
    }
    while (state == kMaking && slot.folio.load(std::memory_order_relaxed) == &folio) {
      const timespec patience = {0, kMakerPatienceNs};
      await_word(slot.state, kMaking, &patience);
      state = slot.state.load(std::memory_order_acquire);
    }
  }
}

void PageMaker::make(const Page& page) {
  if (!page.hugetlb) {
    if (page.bytes == small_ || !trials_.is_due()) {
      return;
    }
    if (const auto made = HugePage::make(place_, page.bytes, page.offset); made) {
      trials_.note(true, made->was_slow());
    } else {
      small_ = page.bytes;
    }
    return;
  }
  if (sys::mmap(place_.data(), place_.size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, page.bytes,
                page.offset)) {
    (void)sys::madvise(place_.data(), place_.size(), kPopulateWrite);
    leave(place_);
  }
}

void PageMaker::make_next(std::uint32_t at) {
  Slot& slot = slots_[at % kSlots];
  std::uint32_t state = kAsked;
  if (slot.state.compare_exchange_strong(state, kMaking, std::memory_order_acquire)) {
    make(slot.page);
    slot.state.store(kFree, std::memory_order_release);
    tell(slot.state);
  }
  head_.store(at + 1, std::memory_order_release);
}

void PageMaker::live(void* self) noexcept {
  auto* maker = static_cast<PageMaker*>(self);
  std::uint32_t head = 0;
  while (true) {
    const std::uint32_t tail = maker->tail_.load(std::memory_order_acquire);
    if (head == tail) {
      await_word(maker->tail_, tail, nullptr);
      continue;
    }
    maker->make_next(head++);
  }
}

} // namespace daxemu::fault
