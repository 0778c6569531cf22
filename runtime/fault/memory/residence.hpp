// Is memory of this process present in its page tables? The kernel's answer, from /proc/self/pagemap.
#pragma once

#include <cstdint>

namespace daxemu::fault {

// Any page of [start, end). True where /proc cannot be asked.
[[nodiscard]] bool any_present(std::uint64_t start, std::uint64_t end);
// The same of each page; costs three system calls for each.
[[nodiscard]] bool all_present(std::uint64_t start, std::uint64_t end);

} // namespace daxemu::fault
