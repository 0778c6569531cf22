#include "runtime/preload/files/lock_calls.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

void note(int command) {
  if (command == F_SETLK || command == F_SETLKW) {
    PlainCalls::locks().store(1, std::memory_order_relaxed);
  }
}

// Between the program's memory and ours, so that a bad pointer is EFAULT and no fault of ours.
bool copy_lock(long call, struct flock& ours, long theirs) {
  const iovec local{&ours, sizeof ours};
  const iovec remote{reinterpret_cast<void*>(theirs), sizeof ours}; // NOLINT(performance-no-int-to-ptr)
  const auto copied =
      sys::call(call, sys::getpid(), reinterpret_cast<long>(&local), 1, reinterpret_cast<long>(&remote), 1, 0);
  return copied && *copied == sizeof ours;
}

int ask_lock(int fd, int command, struct flock& lock) {
  note(command);
  return libc_value<int>(sys::call(SYS_fcntl, fd, command, reinterpret_cast<long>(&lock)), -1);
}

} // namespace

bool is_record_lock(int command) {
  constexpr int kCommands[] = {F_SETLK, F_SETLKW, F_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_OFD_GETLK};
  return std::find(std::begin(kCommands), std::end(kCommands), command) != std::end(kCommands);
}

int lock_record(int fd, int command, long argument, FunctionRef<int()> real) {
  const Context* context = Context::get();
  struct flock lock {};
  if (!copy_lock(SYS_process_vm_readv, lock, argument)) {
    return real();
  }
  if (command == F_OFD_GETLK && lock.l_type == F_UNLCK && context != nullptr &&
      !context->store().profile().ofd_getlk_tells_own) {
    errno = EINVAL;
    return -1;
  }
  note(command);
  if (lock.l_whence != SEEK_CUR) {
    return real();
  }
  lock.l_whence = SEEK_SET;
  const int done = ask_lock(fd, command, lock);
  if (done == 0 && (command == F_GETLK || command == F_OFD_GETLK)) {
    lock.l_whence = lock.l_type == F_UNLCK ? SEEK_CUR : lock.l_whence; // fcntl_getlk() changes nothing else then
    if (!copy_lock(SYS_process_vm_writev, lock, argument)) {
      errno = EFAULT;
      return -1;
    }
  }
  return done;
}

int lock_section(int fd, int command, off_t length, FunctionRef<int()> real) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  if (context == nullptr || context->device_of(fd) == nullptr) {
    return real();
  }
  struct flock lock {};
  lock.l_whence = SEEK_SET;
  lock.l_len = length;
  lock.l_type = F_WRLCK;
  switch (command) {
  case F_LOCK:
    return ask_lock(fd, F_SETLKW, lock);
  case F_TLOCK:
    return ask_lock(fd, F_SETLK, lock);
  case F_ULOCK:
    lock.l_type = F_UNLCK;
    return ask_lock(fd, F_SETLK, lock);
  case F_TEST:
    lock.l_type = F_RDLCK;
    if (ask_lock(fd, F_GETLK, lock) != 0) {
      return -1;
    }
    if (lock.l_type == F_UNLCK || lock.l_pid == sys::getpid()) {
      return 0;
    }
    errno = EACCES;
    return -1;
  default:
    errno = EINVAL;
    return -1;
  }
}

} // namespace daxemu::preload
