// poll(2) and select(2) where emulated attributes are among what is waited for: the kernel waits for the rest, and
// every few ms somebody looks at these. A set that has none of them is the kernel's.
#pragma once

#include <cstddef>
#include <ctime>

#include <poll.h>
#include <signal.h>
#include <sys/select.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// ppoll(2) of the C library: a cancellation point, as the call that it stands for.
using RealWait = FunctionRef<int(pollfd*, nfds_t, const timespec*, const sigset_t*)>;

[[nodiscard]] bool waits_for_attributes(const pollfd* fds, nfds_t count) noexcept;
// `timeout` null: no end; `mask` null: the thread's own.
int poll_slow(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask, RealWait real);

struct SelectSets {
  fd_set* readable = nullptr;
  fd_set* writable = nullptr;
  fd_set* exceptional = nullptr;
};
[[nodiscard]] bool waits_for_attributes(int count, const SelectSets& sets) noexcept;
// `timeout` becomes what was left of it, as select(2) has it.
int select_slow(int count, const SelectSets& sets, timespec* timeout, const sigset_t* mask, RealWait real);

} // namespace daxemu::preload
