// Record locks of fcntl(2) and lockf(3) on a device. They are the kernel's own, on the device's node; only a range that
// begins at the file's position (flock_to_posix_lock()) has to be told that the device's position is 0, which its
// node's is not.
#pragma once

#include <atomic>

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/ground/plain_calls.hpp"

namespace daxemu::preload {

[[nodiscard]] bool is_record_lock(int command);
// Has this program asked for a record lock on a device? Then no descriptor of one may be opened and closed again by us:
// close(2) lets go of all of a process's locks on the file (locks_remove_posix()), whichever descriptor it is.
[[nodiscard]] inline bool may_hold_record_locks() {
  return PlainCalls::locks().load(std::memory_order_relaxed) != 0;
}
// fcntl(2) with such a command; `argument` is the program's struct flock, wherever it points.
int lock_record(int fd, int command, long argument, FunctionRef<int()> real);
// lockf(3), whose fcntl(2) is libc's own. Errors: fcntl(2)'s, EACCES (F_TEST: another's), EINVAL.
int lock_section(int fd, int command, off_t length, FunctionRef<int()> real);

} // namespace daxemu::preload
