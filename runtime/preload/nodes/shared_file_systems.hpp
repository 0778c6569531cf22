// The file systems on which real directories may have emulated entries, or show ours: those of /sys, /dev and /proc.
// Most programs open no directory, and many nothing at all: each is asked for when it is first wanted, or before the
// program gets other mounts or another root (settle()), and then stays what it was.
#pragma once

#include <atomic>
#include <cstdint>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace daxemu::preload {

class SharedFileSystems {
public:
  [[nodiscard]] dev_t sys() const noexcept { return asked(sys_, "/sys"); }
  [[nodiscard]] dev_t dev() const noexcept { return asked(dev_, "/dev"); }
  [[nodiscard]] dev_t proc() const noexcept { return asked(proc_, "/proc"); }
  // Is it that of /proc? It has no block device: of what has one nobody has to ask.
  [[nodiscard]] bool is_proc(dev_t device) const noexcept { return major(device) == 0 && device == proc(); }
  // Is it /dev itself?
  [[nodiscard]] bool is_dev(dev_t device, ino_t inode) const noexcept {
    return device == dev() && inode == dev_inode_.load(std::memory_order_acquire);
  }
  void settle() const noexcept {
    (void)sys();
    (void)dev();
    (void)proc();
  }

private:
  static constexpr std::uint64_t kNotAsked = ~0ULL; // 0: there is none

  [[nodiscard]] dev_t asked(std::atomic<std::uint64_t>& known, const char* path) const noexcept {
    const std::uint64_t device = known.load(std::memory_order_acquire);
    return device != kNotAsked ? device : ask(known, path);
  }
  // Waits for nobody: who comes at the same time asks the same.
  dev_t ask(std::atomic<std::uint64_t>& known, const char* path) const noexcept;

  mutable std::atomic<std::uint64_t> sys_{kNotAsked};
  mutable std::atomic<std::uint64_t> dev_{kNotAsked};
  mutable std::atomic<std::uint64_t> proc_{kNotAsked};
  mutable std::atomic<std::uint64_t> dev_inode_{0};
};

} // namespace daxemu::preload
