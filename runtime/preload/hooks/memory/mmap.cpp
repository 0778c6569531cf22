// mmap(2) and its kin.
#include <cerrno>
#include <cstdarg>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "emu/base/kernel/enter_kernel.hpp"
#include "emu/trace/site.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/memory_calls.hpp"

using daxemu::preload::live_space;
using daxemu::preload::memory_calls;
using daxemu::trace::CallSite;

// As direct_call.hpp has it of paths: after the long way of a mapping through the kernel the processor has forgotten
// where a jump by pointer goes, too, so the call is made here where the C library would only make it. What it says no
// to is not hurried.
[[gnu::noinline, gnu::cold]] static long refused(long answer) {
  errno = static_cast<int>(-answer);
  return -1;
}
#define DAXEMU_TRY_CALL(result, name, if_only, ...)                                                                    \
  if (real_##name.is_known_libcs() && (if_only)) [[likely]] {                                                          \
    const long answer = daxemu::sys::enter_kernel(__VA_ARGS__);                                                        \
    return (result)(static_cast<unsigned long>(answer) < -4095UL ? answer : refused(answer)); /* NOLINT: a word */     \
  }

// The C library looks where PROT_EXEC is asked for (Prefer_MAP_32BIT_EXEC).
#define DAXEMU_MMAP_HOOK(name, offset_type)                                                                            \
  DAXEMU_REAL(name, void*(void*, size_t, int, int, int, offset_type));                                                 \
  DAXEMU_SPLIT_HOOK_WITH(void*, name, (void* address, size_t length, int prot, int flags, int fd, offset_type offset), \
                         (address, length, prot, flags, fd, offset), memory_calls.passes(flags, fd),                   \
                         DAXEMU_TRY_CALL(void*, name, (prot & PROT_EXEC) == 0, SYS_mmap, (long)address, (long)length,  \
                                         prot, flags, fd, offset)) {                                                   \
    const CallSite here(caller, "mmap");                                                                               \
    return memory_calls.mmap(address, length, prot, flags, fd, offset);                                                \
  }
DAXEMU_MMAP_HOOK(mmap, off_t)
DAXEMU_MMAP_HOOK(mmap64, off64_t)
DAXEMU_REAL(munmap, int(void*, size_t));
DAXEMU_SPLIT_HOOK_WITH(int, munmap, (void* address, size_t length), (address, length), live_space.get() == nullptr,
                       DAXEMU_TRY_CALL(int, munmap, true, SYS_munmap, (long)address, (long)length)) {
  if (live_space.concerned(address, length) == nullptr) {
    return real_munmap(address, length);
  }
  const CallSite here(caller, "munmap");
  return memory_calls.munmap(address, length);
}
DAXEMU_REAL(mprotect, int(void*, size_t, int));
DAXEMU_SPLIT_HOOK_WITH(int, mprotect, (void* address, size_t length, int prot), (address, length, prot),
                       live_space.get() == nullptr,
                       DAXEMU_TRY_CALL(int, mprotect, true, SYS_mprotect, (long)address, (long)length, prot)) {
  if (live_space.concerned(address, length) == nullptr) {
    return real_mprotect(address, length, prot);
  }
  const CallSite here(caller, "mprotect");
  return memory_calls.mprotect(address, length, prot);
}
DAXEMU_HOOK(int, pkey_mprotect, (void* address, size_t length, int prot, int pkey)) {
  const CallSite here(__builtin_return_address(0), "pkey_mprotect");
  return memory_calls.pkey_mprotect(address, length, prot, pkey);
}
DAXEMU_HOOK(void*, mremap, (void* old_address, size_t old_size, size_t new_size, int flags, ...)) {
  const CallSite here(__builtin_return_address(0), "mremap");
  va_list rest;
  va_start(rest, flags);
  void* new_address = va_arg(rest, void*);
  va_end(rest);
  return memory_calls.mremap(old_address, old_size, new_size, flags, new_address);
}
DAXEMU_HOOK(int, remap_file_pages, (void* address, size_t size, int prot, size_t page_offset, int flags)) {
  const CallSite here(__builtin_return_address(0), "remap_file_pages");
  return memory_calls.remap_file_pages(address, size, prot, page_offset, flags);
}
DAXEMU_HOOK(void*, shmat, (int id, const void* address, int flags)) {
  const CallSite here(__builtin_return_address(0), "shmat");
  return memory_calls.shmat(id, address, flags);
}
