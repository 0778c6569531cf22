// Touches beside a media error. The least that a mapping can lose is an extent, and who touches one of which a line has
// failed gets SIGBUS. On the hardware the other lines are as good as ever: a machine check comes of those that failed
// (x86: 64 bytes), and after it the driver maps the extent again for whoever touches it. So where a list says which
// lines those are (emu/nd/media/media_errors.hpp), a touch of another one is let through: its extent is mapped, the
// instruction runs alone (the trap flag), the extent goes.
//
// What cannot be told from there stays the extent's: the system's own touches (EFAULT), an instruction that begins in a
// good line and reaches into a bad one (goes unseen), a thread that has SIGBUS blocked, a process with a debugger.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

#include "runtime/fault/space/address_space.hpp"

namespace daxemu::preload {

class BesideErrors {
public:
  // In the handler of SIGBUS, for a touch of an extent that has failed. True: the touch is to be tried again.
  bool let_through(fault::AddressSpace& space, const void* address, void* context);
  // The SIGBUS of an instruction that runs alone is the program's: its other touches are over, too.
  void give_up(void* context);

private:
  static void receive(int signal, siginfo_t* info, void* context);
  void pass_on(int signal, siginfo_t* info, void* context);
  // SIGTRAP and SIGSEGV are ours while an instruction runs alone.
  void take_signals();
  void give_signals_back();
  struct sigaction program_action(int signal);
  void drop_stale(void* context);
  void finish(void* context);

  struct Alone {                         // of this thread
    static constexpr unsigned kMost = 4; // a string instruction or a gather may touch more than one
    unsigned count = 0;
    std::array<const void*, kMost> shown{};
    std::uint64_t mask = 0; // of signals, as the program has it
  };
  static thread_local Alone alone;
  class Turn;
  std::atomic<bool> changing_{false};
  unsigned users_ = 0;
  std::array<struct sigaction, 2> before_{}; // the program's
};

extern constinit BesideErrors beside_errors;

} // namespace daxemu::preload
