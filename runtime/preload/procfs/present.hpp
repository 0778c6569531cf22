// What a process has in its page tables, by /proc/PID/pagemap: of another one, nothing else says it.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace daxemu::preload {

// Has it any page of [start, end) there? False, too, where we may not look.
[[nodiscard]] bool any_present(pid_t process, std::uint64_t start, std::uint64_t end) noexcept;
// Bytes of whole extents of `align` in [start, end), which begins with one, that have a page there.
[[nodiscard]] std::uint64_t present_bytes(pid_t process, std::uint64_t start, std::uint64_t end,
                                          std::uint64_t align) noexcept;

} // namespace daxemu::preload
