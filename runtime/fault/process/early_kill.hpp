// Early kill: a process that asked for it (prctl(2) PR_MCE_KILL, or the machine's vm.memory_failure_early_kill) is told
// of a memory failure in its mappings at once, by SIGBUS with BUS_MCEERR_AO, not only when it touches the memory
// (kill_procs in mm/memory-failure.c). The policy itself stays the kernel's: it keeps it per thread, hands it on to new
// threads and children, and shows it in /proc.
#pragma once

#include <csignal>

#include <sys/types.h>

#include "runtime/fault/process/poison_hit.hpp"

namespace daxemu::fault {

// The thread of a process (0: this one) that is to be told: the first, in the order they were made, whose policy is
// early; 0: none (find_early_kill_thread). Allocates nothing.
[[nodiscard]] pid_t early_kill_thread(pid_t process = 0);

// Tells it of `hit`. A thread cannot forge another's si_code >= 0, so what is sent has a code of our own and carries
// address and size; translate_early_kill() makes BUS_MCEERR_AO of it. Not forced: a blocked signal waits, an ignored
// one is lost, as from the kernel. False: nobody asked for it.
bool kill_early(const PoisonHit& hit);

// Is `info` such a signal from this process? Then it becomes what the kernel would have sent. Async-signal-safe.
bool translate_early_kill(siginfo_t& info);

// A thread of ours is never meant: whatever policy it inherited goes. To be called by the thread itself.
void decline_early_kill();

} // namespace daxemu::fault
