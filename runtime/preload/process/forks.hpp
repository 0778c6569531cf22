// fork(2) in its shapes. A child has the program's mappings but none of the runtime's threads: it starts its own before
// the program goes on there. vfork(2) and posix_spawn(3) share the parent's memory and with it the parent's engine.
#pragma once

#include <sys/types.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// From now on fork(3) and what the C library builds on it (daemon, forkpty) are followed. Once, when the first device
// is mapped.
void follow_forks();

// _Fork(3) and clone(2) without CLONE_VM, which run no pthread_atfork handlers: calls `fork`, which returns 0 in the
// child, with the runtime's state consistent on both sides. Async-signal-safe.
pid_t fork_with(FunctionRef<pid_t()> fork);

// Makes a child of clone(2) whole; in the child, before the program's function runs.
void enter_child();

} // namespace daxemu::preload
