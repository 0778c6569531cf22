// Answers the calls of one command and all that it starts, in a thread of this process, which has the interposed
// functions (libdaxemu-preload.so) and the platform.
#pragma once

#include <thread>

#include <sys/types.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "runtime/supervise/install/filter.hpp"
#include "runtime/supervise/spaces/in_hand.hpp"

namespace daxemu::supervise {

// How the command reaches the supervisor.
struct Entry {
  UniqueFd socket;
  Numbers numbers;
  int receiver = -1; // the other end, which nobody may hold but the supervisor: what is on its way there goes with it
  pid_t supervisor = 0;
};

class Supervisor {
public:
  // Waits for a program that calls enter(). `location` is the platform's. Errors (Problem): the platform's; no thread.
  [[nodiscard]] static Outcome<Supervisor> start(const std::string& location);
  Supervisor(Supervisor&&) = default;
  Supervisor& operator=(Supervisor&&) = delete;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor(); // no call is answered any more

  [[nodiscard]] const Entry& entry() const { return entry_; }

private:
  Supervisor() = default;
  Entry entry_;
  UniqueFd stop_; // an eventfd
  std::thread thread_;
};

// The same in this thread, until the last program of the listener ends. `in_hand`: shared with whoever is to know whom
// an answer is owed (orphans.hpp). False: the platform cannot be opened.
[[nodiscard]] bool serve_from(const std::string& location, UniqueFd listener, InHand in_hand);

} // namespace daxemu::supervise
