// mmap(2) and its kin.
#include <sys/types.h>

#include "runtime/preload/hook.hpp"
#include "runtime/preload/memory_calls.hpp"

using daxemu::preload::memory_calls;

DAXEMU_HOOK(void*, mmap, (void* address, size_t length, int prot, int flags, int fd, off_t offset)) {
  return memory_calls.mmap(address, length, prot, flags, fd, offset);
}
DAXEMU_HOOK(void*, mmap64, (void* address, size_t length, int prot, int flags, int fd, off64_t offset)) {
  return memory_calls.mmap(address, length, prot, flags, fd, offset);
}
DAXEMU_HOOK(int, munmap, (void* address, size_t length)) {
  return memory_calls.munmap(address, length);
}
DAXEMU_HOOK(int, mprotect, (void* address, size_t length, int prot)) {
  return memory_calls.mprotect(address, length, prot);
}
DAXEMU_HOOK(int, pkey_mprotect, (void* address, size_t length, int prot, int pkey)) {
  return memory_calls.pkey_mprotect(address, length, prot, pkey);
}
