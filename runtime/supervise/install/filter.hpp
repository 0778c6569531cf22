// The filter in the kernel: by number and arguments alone, what may concern a device stops and is told to the
// supervisor; everything else goes on at the filter's own speed. Programs, children and threads inherit it.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/filter.h>

#include "emu/base/kernel/own_call.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::supervise {

// Descriptors of ours have numbers from `first` on, so that the filter, which can look nothing up, can tell them. A
// program's own may get there too (it has that many): then the supervisor lets them go on.
struct Numbers {
  std::uint32_t first = 768;
};

// Where mappings without a wish of the program's are placed: nobody else's are there. Above the heaps of Go and Java,
// and below programs and their brk(2).
inline constexpr std::uint64_t kArenaStart = 0x2000'0000'0000;
inline constexpr std::uint64_t kArenaEnd = 0x5000'0000'0000;
// Where the kernel's mmap(2) places what has no wish, and programs then put mappings of devices with MAP_FIXED.
inline constexpr std::uint64_t kMmapArea = 0x7000'0000'0000;

// And those with MAP_32BIT (find_start_end() in arch/x86/kernel/sys_x86_64.c): brk(2) of programs that are linked to an
// address begins below.
inline constexpr std::uint64_t kLowStart = 0x4000'0000;
inline constexpr std::uint64_t kLowEnd = 0x8000'0000;

[[nodiscard]] std::vector<sock_filter> filter_program(Numbers numbers);

// Installs it for this thread and what it becomes. Returns the listener. Errors: EBUSY (there is a listener already),
// EACCES (neither CAP_SYS_ADMIN nor no_new_privs), EINVAL (older than Linux 5.0), ENOSYS.
[[nodiscard]] Result<UniqueFd> install_filter(Numbers numbers);

} // namespace daxemu::supervise
