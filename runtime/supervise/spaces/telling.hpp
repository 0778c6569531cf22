// Who is told of a memory failure before touching it (kill_procs() of mm/memory-failure.c): a process whose mapping of
// it is present, and a thread of which asked to be (prctl(2) PR_MCE_KILL, vm.memory_failure_early_kill).
#pragma once

#include <csignal>
#include <optional>
#include <span>
#include <vector>

#include <sys/types.h>

#include "runtime/supervise/spaces/piece.hpp"
#include "runtime/supervise/spaces/tracee.hpp"

namespace daxemu::supervise {

struct Drop { // bytes of a device whose pages go
  const fault::DeviceView* view = nullptr;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool failed = false; // their memory has
  pid_t teller = 0;    // who had it fail by madvise(2), and hears of it by that
};

struct Telling {
  pid_t thread = 0;
  siginfo_t what{};
};

// What a process is told of, by what it has in its page tables now: to be asked before the pages go.
[[nodiscard]] std::optional<Telling> telling_of(pid_t process, const std::vector<Piece>& pieces,
                                                std::span<const Drop> drops);

// The thread queues it for itself, for only to itself may anybody send what the kernel sends (do_rt_tgsigqueueinfo()).
// Not forced: who blocks it has it later, who ignores it never.
bool tell(Tracee& thread, const Telling& telling);

} // namespace daxemu::supervise
