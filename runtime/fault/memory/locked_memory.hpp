// What mlockall(2) makes of mappings to come. Of this process only: the kernel forgets it over fork(2).
#pragma once

#include <atomic>
#include <cstdint>

#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::fault {

class LockedMemory {
public:
  // `flags` of mlockall(2), or 0 after munlockall(2).
  static void note(int flags) noexcept {
    const auto pid = static_cast<std::uint64_t>(sys::getpid());
    future_.store((flags & MCL_FUTURE) == 0 ? 0 : pid << 32 | static_cast<std::uint32_t>(flags),
                  std::memory_order_relaxed);
  }
  // Is what is mapped from now on locked? Of a device it is faulted in at once, with MCL_ONFAULT too: such a mapping
  // never gets the flag that would keep mm_populate() from it (guest).
  [[nodiscard]] static bool future() noexcept { return flags() != 0; }

private:
  [[nodiscard]] static int flags() noexcept {
    const std::uint64_t future = future_.load(std::memory_order_relaxed);
    return future != 0 && future >> 32 == static_cast<std::uint64_t>(sys::getpid()) ? static_cast<int>(future) : 0;
  }
  inline static constinit std::atomic<std::uint64_t> future_{0}; // the process, and its flags
};

} // namespace daxemu::fault
