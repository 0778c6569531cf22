// Valgrind's client requests (its manual, "The Client Request mechanism"): instructions that do nothing, which its
// translator reads as a question. Outside valgrind each costs a nanosecond.
#pragma once

#include <cstddef>

namespace daxemu::sys {

[[nodiscard]] bool runs_in_valgrind() noexcept;

// By helgrind or drd, which would take a look at bytes beside a text for a use of them?
[[nodiscard]] bool is_race_checked() noexcept;

// Tells helgrind and drd to leave [start, start + length) to us: what they know of is the C library's locks, and ours
// are words that threads and processes share. They would report each as a race, in somebody else's program.
void keep_race_checkers_off(const void* start, std::size_t length) noexcept;

// The same for the variables of the program or library that this is linked into.
void keep_race_checkers_off_own_data() noexcept;

} // namespace daxemu::sys
