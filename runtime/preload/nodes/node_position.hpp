// The file position of a description of a device's node. What libc's own insides, a shell's redirection, a child
// without us or io_uring read and write goes to the kernel: at the largest position there is, rw_verify_area() answers
// EINVAL before the file is asked, as device-dax answers, and dup, fork, exec and SCM_RIGHTS keep the position with the
// description. The device's own position, which is always 0 (noop_llseek), is said by us.
#pragma once

#include <climits>

#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::preload {

// After `fd`'s description was made, or the kernel was asked to move its position. One system call.
inline void put_node_position(int fd) noexcept {
  (void)sys::call(SYS_lseek, fd, LLONG_MAX, SEEK_SET);
}

} // namespace daxemu::preload
