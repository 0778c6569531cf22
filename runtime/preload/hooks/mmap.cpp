// mmap(2) and its kin.
#include <cstdarg>

#include <sys/types.h>

#include "emu/trace/site.hpp"
#include "runtime/preload/hook.hpp"
#include "runtime/preload/memory_calls.hpp"

using daxemu::preload::memory_calls;
using daxemu::trace::CallSite;

DAXEMU_HOOK(void*, mmap, (void* address, size_t length, int prot, int flags, int fd, off_t offset)) {
  const CallSite here(__builtin_return_address(0));
  return memory_calls.mmap(address, length, prot, flags, fd, offset);
}
DAXEMU_HOOK(void*, mmap64, (void* address, size_t length, int prot, int flags, int fd, off64_t offset)) {
  const CallSite here(__builtin_return_address(0));
  return memory_calls.mmap(address, length, prot, flags, fd, offset);
}
DAXEMU_HOOK(int, munmap, (void* address, size_t length)) {
  const CallSite here(__builtin_return_address(0));
  return memory_calls.munmap(address, length);
}
DAXEMU_HOOK(int, mprotect, (void* address, size_t length, int prot)) {
  return memory_calls.mprotect(address, length, prot);
}
DAXEMU_HOOK(int, pkey_mprotect, (void* address, size_t length, int prot, int pkey)) {
  return memory_calls.pkey_mprotect(address, length, prot, pkey);
}
DAXEMU_HOOK(void*, mremap, (void* old_address, size_t old_size, size_t new_size, int flags, ...)) {
  const CallSite here(__builtin_return_address(0));
  va_list rest;
  va_start(rest, flags);
  void* new_address = va_arg(rest, void*);
  va_end(rest);
  return memory_calls.mremap(old_address, old_size, new_size, flags, new_address);
}
DAXEMU_HOOK(int, remap_file_pages, (void* address, size_t size, int prot, size_t page_offset, int flags)) {
  return memory_calls.remap_file_pages(address, size, prot, page_offset, flags);
}
DAXEMU_HOOK(void*, shmat, (int id, const void* address, int flags)) {
  return memory_calls.shmat(id, address, flags);
}
