// Whose memory this is. A child of vfork(2), or of clone(2) with CLONE_VM but not CLONE_THREAD, runs in its parent's:
// what it does to its own descriptors, its working directory and its signals (mostly on its way to exec) must not be
// taken for the parent's.
#pragma once

#include <atomic>

#include <sys/types.h>

namespace daxemu::preload {

class OwnProcess {
public:
  // Is the caller the process that this memory belongs to? Async-signal-safe; one getpid(2).
  [[nodiscard]] static bool calls() noexcept;
  // From now on it is the caller's: when the library is loaded, and in a child with memory of its own.
  static void adopt() noexcept;

private:
  // In a page that is empty in a child with memory of its own (MADV_WIPEONFORK), however it was made.
  static constinit std::atomic<std::atomic<pid_t>*> owner_;
};

} // namespace daxemu::preload
