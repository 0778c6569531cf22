// close(2) and its kin, dup(2) and its kin, fcntl(2), lockf(3).
#include <fcntl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/files/lock_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/direct_call.hpp"

using namespace daxemu::preload;

static constexpr bool makes_a_copy(int command) {
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

DAXEMU_REAL(close, int(int));
[[gnu::noinline]] static int close_with_care(int fd) {
  if (real_close.is_libcs()) {
    PlainCalls::learn_close();
  }
  return closes_plainly(fd) ? real_close(fd) : close_descriptor(fd, [fd] { return real_close(fd); });
}
// As open(2), see hooks/paths/open.cpp.
DAXEMU_HOOK_IN(DAXEMU_CALL_PATH, int, close, (int fd)) {
  if (!closes_at_once(fd)) [[unlikely]] {
    return close_with_care(fd);
  }
  if (__libc_single_threaded == 0) [[unlikely]] {
    return real_close(fd);
  }
  return direct_call(SYS_close, fd);
}
DAXEMU_ALIAS(close, __close)
DAXEMU_REAL(close_range, int(unsigned, unsigned, int));
DAXEMU_HOOK(int, close_range, (unsigned first, unsigned last, int flags)) {
  return close_range_of(first, last, flags, [flags](unsigned a, unsigned b) { return real_close_range(a, b, flags); });
}
DAXEMU_REAL(closefrom, void(int));
DAXEMU_HOOK(void, closefrom, (int lowest)) {
  const unsigned first = lowest < 0 ? 0 : static_cast<unsigned>(lowest);
  // The last range has no end: closefrom itself knows what to do on a kernel without close_range.
  (void)close_range_of(first, ~0U, 0, [](unsigned a, unsigned b) {
    return b == ~0U ? (real_closefrom(static_cast<int>(a)), 0) : real_close_range(a, b, 0);
  });
}

DAXEMU_REAL(dup, int(int));
DAXEMU_HOOK(int, dup, (int fd)) {
  return duplicate(fd, [=] { return real_dup(fd); });
}
DAXEMU_REAL(dup2, int(int, int));
DAXEMU_HOOK(int, dup2, (int fd, int onto)) {
  return duplicate_onto(fd, onto, [=] { return real_dup2(fd, onto); });
}
DAXEMU_ALIAS(dup2, __dup2)
DAXEMU_REAL(dup3, int(int, int, int));
DAXEMU_HOOK(int, dup3, (int fd, int onto, int flags)) {
  return duplicate_onto(fd, onto, [=] { return real_dup3(fd, onto, flags); });
}

// Nothing has to return from the C library behind the system call where the descriptor is none of ours: of what makes a
// new one, the call is made here (direct_call.hpp); all else ends in a jump. The third argument is where a third always
// is.
#define DAXEMU_FCNTL_HOOK(name)                                                                                        \
  DAXEMU_REAL(name, int(int, int, ...));                                                                               \
  [[gnu::noinline]] static int other_##name(int fd, int command, void* argument) {                                     \
    const auto real = [=] {                                                                                            \
      const int result = real_##name(fd, command, argument);                                                           \
      return makes_a_copy(command) ? duplicated(fd, result) : result;                                                  \
    };                                                                                                                 \
    return FdTable::is_foreign(fd) ? real() : fcntl_slow(fd, command, reinterpret_cast<long>(argument), real);         \
  }                                                                                                                    \
  DAXEMU_HOOK(int, name, (int fd, int command, void* argument)) {                                                      \
    if (!FdTable::is_foreign(fd) || !real_##name.is_known_libcs()) {                                                   \
      return other_##name(fd, command, argument);                                                                      \
    }                                                                                                                  \
    return makes_a_copy(command) ? duplicated(fd, direct_call(SYS_fcntl, fd, command, argument))                       \
                                 : real_##name(fd, command, argument);                                                 \
  }
DAXEMU_FCNTL_HOOK(fcntl)
DAXEMU_ALIAS(fcntl, __fcntl)
DAXEMU_FCNTL_HOOK(fcntl64)
#define DAXEMU_LOCKF_HOOK(name)                                                                                        \
  DAXEMU_REAL(name, int(int, int, off_t));                                                                             \
  DAXEMU_HOOK(int, name, (int fd, int command, off_t length)) {                                                        \
    return lock_section(fd, command, length, [=] { return real_##name(fd, command, length); });                        \
  }
DAXEMU_LOCKF_HOOK(lockf)
DAXEMU_LOCKF_HOOK(lockf64)
// In glibc since 2.36.
DAXEMU_REAL(pidfd_getfd, int(int, int, unsigned));
DAXEMU_HOOK(int, pidfd_getfd, (int process, int fd, unsigned flags)) {
  return new_number(real_pidfd_getfd(process, fd, flags));
}
