#include "runtime/preload/ground/early_memory.hpp"

#include <cstdint>

#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/base/units.hpp"

namespace daxemu::preload {
namespace {

// What a context takes is a small part of it. Less than a huge page, to which Linux 6.7 and newer align larger ones:
// the program's own mappings are to be where they would be without us, give or take.
constexpr std::size_t kRoom = 1ULL << 20;

std::atomic<std::uintptr_t> begin_of_room{0};
std::uintptr_t next_free = 0; // the owner's

} // namespace

DAXEMU_AT_START constinit std::atomic<const void*> EarlyMemory::owner_{nullptr};

DAXEMU_START_PATH EarlyMemory::Scope::Scope() noexcept {
  owner_.store(__builtin_thread_pointer());
}

DAXEMU_START_PATH EarlyMemory::Scope::~Scope() {
  owner_.store(nullptr);
}

DAXEMU_START_PATH bool EarlyMemory::is_owner() noexcept {
  return owner_.load() == __builtin_thread_pointer();
}

void* EarlyMemory::take(std::size_t size, std::size_t alignment) noexcept {
  if (begin_of_room.load() == 0) {
    const auto room =
        sys::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!room) {
      return nullptr;
    }
    next_free = reinterpret_cast<std::uintptr_t>(*room);
    begin_of_room.store(next_free);
  }
  const std::uintptr_t start = align_up(next_free, alignment);
  const std::uintptr_t end = begin_of_room.load() + kRoom;
  if (start > end || size > end - start) {
    return nullptr;
  }
  next_free = start + size;
  return reinterpret_cast<void*>(start);
}

bool EarlyMemory::owns(const void* memory) noexcept {
  const std::uintptr_t begin = begin_of_room.load(std::memory_order_acquire);
  const auto at = reinterpret_cast<std::uintptr_t>(memory);
  return begin != 0 && at >= begin && at < begin + kRoom;
}

} // namespace daxemu::preload
