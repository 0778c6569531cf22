// close(2), dup(2) and what else changes which numbers are open. The runtime's own descriptors are spared: a program
// that closes what it has not opened must not take them away.
#pragma once

#include <sys/socket.h>

#include "emu/base/function_ref.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/ground/fd_table.hpp"

namespace daxemu::preload {

// Is closing `fd`, a number of which no call of ours has ever heard, as nearly all are, the kernel's business alone,
// and may it be asked past the C library? A few loads. Then it is forgotten.
[[nodiscard]] inline bool closes_at_once(int fd) {
  if (!PlainCalls::closes() || !FdTable::is_ordinary(fd) || fault::PrivateFds::may_own(fd)) [[unlikely]] {
    return false;
  }
  FdTable::forget(fd);
  return true;
}
// Is closing any number the kernel's business alone? Then it is forgotten already.
[[nodiscard]] bool closes_plainly(int fd);
int close_descriptor(int fd, FunctionRef<int()> real);
// dup2(2) and dup3(2). A number of ours is out of range for the program: EBADF.
int duplicate_onto(int fd, int onto, FunctionRef<int()> real);
// dup(2).
int duplicate(int fd, FunctionRef<int()> real);
// dup(2), fcntl(F_DUPFD): `copy` is what the call returned for `fd`.
int duplicated(int fd, int copy);
// The number is new.
int new_number(int fd);
// close_range(2), both ends included; `real` closes a range without any of ours.
int close_range_of(unsigned first, unsigned last, int flags, FunctionRef<int(unsigned, unsigned)> real);
// Descriptors that arrived with a message.
void note_received(const msghdr& message);

} // namespace daxemu::preload
