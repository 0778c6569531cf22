// The time, as the kernel has it.
#pragma once

#include <cstdint>

#include <time.h>

namespace daxemu {

// Nanoseconds of CLOCK_BOOTTIME, CLOCK_REALTIME, ...
[[nodiscard]] inline std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  (void)::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000ULL + static_cast<std::uint64_t>(now.tv_nsec);
}

} // namespace daxemu
