// Calls on ranges of memory: advice, locking, synchronising.
#include <sys/types.h>

#include "emu/trace/site.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/memory/memory_calls.hpp"

using daxemu::preload::memory_calls;
using daxemu::trace::CallSite;

DAXEMU_HOOK(int, madvise, (void* address, size_t length, int advice)) {
  const CallSite here(__builtin_return_address(0), "madvise");
  return memory_calls.madvise(address, length, advice);
}
DAXEMU_HOOK(int, posix_madvise, (void* address, size_t length, int advice)) {
  const CallSite here(__builtin_return_address(0), "posix_madvise");
  return memory_calls.posix_madvise(address, length, advice);
}
DAXEMU_HOOK(int, mlock, (const void* address, size_t length)) {
  const CallSite here(__builtin_return_address(0), "mlock");
  return memory_calls.mlock(address, length);
}
DAXEMU_HOOK(int, mlock2, (const void* address, size_t length, unsigned flags)) {
  const CallSite here(__builtin_return_address(0), "mlock2");
  return memory_calls.mlock2(address, length, flags);
}
DAXEMU_HOOK(int, msync, (void* address, size_t length, int flags)) {
  const CallSite here(__builtin_return_address(0), "msync");
  return memory_calls.msync(address, length, flags);
}
DAXEMU_HOOK(int, mincore, (void* address, size_t length, unsigned char* vector)) {
  const CallSite here(__builtin_return_address(0), "mincore");
  return memory_calls.mincore(address, length, vector);
}
DAXEMU_HOOK(ssize_t, process_madvise, (int pidfd, const iovec* pieces, size_t count, int advice, unsigned flags)) {
  const CallSite here(__builtin_return_address(0), "process_madvise");
  return memory_calls.process_madvise(pidfd, pieces, count, advice, flags);
}
DAXEMU_HOOK(int, mlockall, (int flags)) {
  const CallSite here(__builtin_return_address(0), "mlockall");
  return memory_calls.mlockall(flags);
}
DAXEMU_HOOK(int, munlockall, ()) {
  const CallSite here(__builtin_return_address(0), "munlockall");
  return memory_calls.munlockall();
}
DAXEMU_HOOK(int, mseal, (void* address, size_t length, unsigned long flags)) {
  const CallSite here(__builtin_return_address(0), "mseal");
  return memory_calls.mseal(address, length, flags);
}
