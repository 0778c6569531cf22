// A process in one word, to be kept in shared memory: its pid, and of its start time as much as tells it from a later
// process of that pid.
#pragma once

#include <cstdint>

namespace daxemu::store {

// Pid in the high half, the low half of the start time in the low one. Never 0.
[[nodiscard]] std::uint64_t identity_of(int pid);
// Is the process there that `identity` was made of?
[[nodiscard]] bool is_alive(std::uint64_t identity);

} // namespace daxemu::store
