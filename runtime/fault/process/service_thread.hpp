// A thread of ours in a stranger's process. The C library does not know it: it blocks every signal, runs no library
// code but system calls, does not keep a process alive whose last own thread has ended, and can be started in a forked
// child of a threaded program. It ends with the process.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::fault {

struct ServiceThread {
  const char* name;                     // "daxemu-" and more, at most 15 characters
  void (*run)(void* argument) noexcept; // its whole life
  void* argument;
  void** memory;         // its stack; nullptr at first, then kept for a thread that takes its place in a forked child
  store::CpuMask cpus{}; // all zero: anywhere
  bool library_code = false; // it runs code of others: then a thread of the C library, which keeps the process alive

  // Starts it. Errors: EAGAIN, ENOMEM (limits of processes or memory), EPERM (a seccomp filter).
  [[nodiscard]] Result<void> start() const;
};

// How many this process has that the C library does not know. None ends before the process.
[[nodiscard]] int service_threads();

} // namespace daxemu::fault
