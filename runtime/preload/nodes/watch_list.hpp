// The watches of an inotify instance as the kernel lists them in /proc/self/fdinfo/N (inotify_fdinfo() of
// fs/notify/fdinfo.c): it belongs to the open file, so it is true whatever way the descriptor came here (fork, exec,
// SCM_RIGHTS). No allocation.
#pragma once

#include <cstdint>

#include <sys/types.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

struct Watch {
  int wd = -1;
  std::uint32_t mask = 0;  // IN_ALL_EVENTS of it; newer kernels: IN_ONESHOT and IN_EXCL_UNLINK too
  std::uint64_t inode = 0; // of what is watched
  dev_t device = 0;
};

[[nodiscard]] bool is_inotify(int fd) noexcept;
// Calls `each` for every watch, until told to stop by `false`. None if `fd` is no inotify instance.
void each_watch(int fd, FunctionRef<bool(const Watch&)> each) noexcept;

} // namespace daxemu::preload
