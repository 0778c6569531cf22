// Whose memory this is. A child of vfork(2), or of clone(2) with CLONE_VM but not CLONE_THREAD, runs in its parent's:
// what it does to its own descriptors, its working directory and its signals (mostly on its way to exec) must not be
// taken for the parent's. Such a child is known by its number, which is asked for once there can be one: after a first
// vfork or clone that goes through the C library. One made past it (inline assembly) must not call the C library before
// its exec, as vfork(2) demands of any.
#pragma once

#include <atomic>

#include <sys/types.h>

namespace daxemu::preload {

class __attribute__((visibility("hidden"))) OwnProcess {
public:
  // Is the caller the process that this memory belongs to? Async-signal-safe; one getpid(2) if it may not be.
  [[nodiscard]] static bool calls() noexcept { return !lent_.load(std::memory_order_acquire) || is_owner(); }
  // Its number, when it is the caller; no system call as a rule.
  [[nodiscard]] static pid_t number() noexcept;
  // A child is about to be made that runs in this memory.
  static void lend() noexcept;
  // From now on it is the caller's: in a child with memory of its own.
  static void adopt() noexcept;

private:
  [[nodiscard]] static bool is_owner() noexcept;
  static std::atomic<pid_t>* note() noexcept;

  static constinit std::atomic<bool> lent_;
  // Nothing until somebody asks: most programs neither lend their memory nor have a number to tell. In a page that is
  // empty in a child with memory of its own (MADV_WIPEONFORK), however it was made.
  static constinit std::atomic<std::atomic<pid_t>*> owner_;
};

} // namespace daxemu::preload
