// Touches beside a media error. The least that a mapping can lose is an extent, and who touches one of which a line has
// failed gets SIGBUS. On the hardware the other lines are as good as ever: a machine check comes of those that failed
// (x86: 64 bytes), and after it the driver maps the extent again for whoever touches it. So where a list says which
// lines those are (emu/nd/media/media_errors.hpp), a touch of another one is let through: its extent is mapped, the
// instruction runs alone (the trap flag), the extent goes. A string instruction traps after each iteration, and goes on
// as long as what it touches next is good.
//
// What cannot be told from there stays the extent's: the system's own touches (EFAULT), an instruction that begins in a
// good line and reaches into a bad one (goes unseen), a thread that has SIGBUS blocked, a process that ignores SIGTRAP
// or has a debugger.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>

#include "runtime/fault/space/address_space.hpp"

namespace daxemu::preload {

class BesideErrors {
public:
  // In the handler of SIGBUS, for a touch of an extent that has failed. True: the touch is to be tried again.
  bool let_through(fault::AddressSpace& space, const void* address, void* context);
  // The SIGBUS of an instruction that runs alone is the program's: its other touches are over, too. True: it was one;
  // `mask` is that of the program.
  bool give_up(void* context, std::uint64_t& mask);

  enum class Step {
    none,       // nothing of this thread's ran alone
    done,       // the signal was for that; or the instruction goes on
    broken_off, // the signal is the program's, which had `mask`
  };
  // In the handler of one of StepSignals.
  Step end_step(int signal, const siginfo_t& info, void* context, std::uint64_t& mask);

private:
  void drop_stale(void* context);
  void finish(void* context);
  // A string instruction that is not at its end, and touches nothing that is bad next.
  static bool goes_on(void* context);

  struct Alone {                          // of this thread
    static constexpr unsigned kMost = 16; // a string instruction or a gather may touch more than one
    unsigned count = 0;
    bool owes_trap = false; // somebody has sent a SIGTRAP, which the program has blocked
    std::array<const void*, kMost> shown{};
    std::uint64_t mask = 0; // of signals, as the program has it
    std::int64_t at = 0;    // the instruction
    std::int64_t left = 0;  // of a string instruction's iterations
  };
  static thread_local Alone alone;
};

extern constinit BesideErrors beside_errors;

} // namespace daxemu::preload
