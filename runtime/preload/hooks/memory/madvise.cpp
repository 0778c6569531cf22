// Calls on ranges of memory: advice, locking, synchronising.
#include <sys/types.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/memory/memory_calls.hpp"

using daxemu::preload::memory_calls;

DAXEMU_HOOK(int, madvise, (void* address, size_t length, int advice)) {
  return memory_calls.madvise(address, length, advice);
}
DAXEMU_HOOK(int, posix_madvise, (void* address, size_t length, int advice)) {
  return memory_calls.posix_madvise(address, length, advice);
}
DAXEMU_HOOK(int, mlock, (const void* address, size_t length)) {
  return memory_calls.mlock(address, length);
}
DAXEMU_HOOK(int, mlock2, (const void* address, size_t length, unsigned flags)) {
  return memory_calls.mlock2(address, length, flags);
}
DAXEMU_HOOK(int, msync, (void* address, size_t length, int flags)) {
  return memory_calls.msync(address, length, flags);
}
DAXEMU_HOOK(int, mincore, (void* address, size_t length, unsigned char* vector)) {
  return memory_calls.mincore(address, length, vector);
}
DAXEMU_HOOK(ssize_t, process_madvise, (int pidfd, const iovec* pieces, size_t count, int advice, unsigned flags)) {
  return memory_calls.process_madvise(pidfd, pieces, count, advice, flags);
}
DAXEMU_HOOK(int, mlockall, (int flags)) {
  return memory_calls.mlockall(flags);
}
DAXEMU_HOOK(int, munlockall, ()) {
  return memory_calls.munlockall();
}
DAXEMU_HOOK(int, mseal, (void* address, size_t length, unsigned long flags)) {
  return memory_calls.mseal(address, length, flags);
}
