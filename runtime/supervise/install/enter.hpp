// In the process that is to become the program: its limits, the filter, and the listener handed to the supervisor.
#pragma once

#include <string>

#include "emu/base/result.hpp"
#include "runtime/supervise/install/filter.hpp"

namespace daxemu::supervise {

// From which number on descriptors of ours are, by this process's limits.
[[nodiscard]] Numbers numbers_here();

// Can a filter with a listener be had here? Tried in a child. Errors: install_filter's.
[[nodiscard]] Result<void> try_filter();

// From now on this thread's calls are answered by whoever holds the other end of `socket`. Async-signal-safe but for
// the filter's memory. Errors: install_filter's, sendmsg(2)'s.
[[nodiscard]] Result<void> enter(int socket, Numbers numbers);

// What enter() sent. Errors: recvmsg(2)'s; ECONNRESET: the other end is gone.
[[nodiscard]] Result<UniqueFd> receive_listener(int socket);

} // namespace daxemu::supervise
