// Functions of the C library that this library calls: looked up when they are wanted, by the library itself. To have
// the loader do that takes some 800 instructions for each, in every program that starts; ours takes a quarter of that,
// and only for what a program comes to. What is called here under such a name is a jump through a variable that nobody
// else sees. Two kinds: what only the C library has, and what the program, or a library of its, may stand for (its own
// allocator, a shell's setenv, a race checker's locks) or the C library chooses by the processor; of these it is what
// the loader would bind. What is left to the loader: what this here needs itself, errno and
// __libc_single_threaded, which calls ask all the time, and __register_atfork, which keeps us out of programs of
// another C library.
#include <atomic>

#include <dlfcn.h>

#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/next_symbol.hpp"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// Takes no lock and no memory, as ground/real.hpp's: it may be in a signal handler or a vforked child. `name` has a
// star before it where it is of the second kind.
extern "C" __attribute__((used, visibility("hidden"))) DAXEMU_START_PATH void*
daxemu_find_later(std::atomic<void*>* found, const char* name) {
  const auto& symbols = daxemu::preload::NextSymbols::at_start();
  void* address = nullptr;
  if (*name == '*') {
    ++name;
    address = symbols.find_first(name, daxemu::preload::symbol_hash(name));
    address = address != nullptr ? address : ::dlsym(RTLD_DEFAULT, name);
  } else {
    const auto next = symbols.find(name, daxemu::preload::symbol_hash(name));
    address = next ? next->address : nullptr;
    address = address != nullptr ? address : ::dlsym(RTLD_NEXT, name);
  }
  if (address == nullptr) {
    __builtin_trap(); // as a program ends that the loader cannot bind
  }
  found->store(address, std::memory_order_release);
  return address;
}

// r10: the variable, r11: the name. All that may be an argument stays as it is.
__asm__(R"(
  .pushsection .text.startup.daxemu, "ax", @progbits
  .type daxemu_find_and_jump, @function
daxemu_find_and_jump:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  andq $-16, %rsp
  subq $192, %rsp
  movq %rax, (%rsp)
  movq %rdi, 8(%rsp)
  movq %rsi, 16(%rsp)
  movq %rdx, 24(%rsp)
  movq %rcx, 32(%rsp)
  movq %r8, 40(%rsp)
  movq %r9, 48(%rsp)
  movaps %xmm0, 64(%rsp)
  movaps %xmm1, 80(%rsp)
  movaps %xmm2, 96(%rsp)
  movaps %xmm3, 112(%rsp)
  movaps %xmm4, 128(%rsp)
  movaps %xmm5, 144(%rsp)
  movaps %xmm6, 160(%rsp)
  movaps %xmm7, 176(%rsp)
  movq %r10, %rdi
  movq %r11, %rsi
  call daxemu_find_later
  movq %rax, %r11
  movaps 176(%rsp), %xmm7
  movaps 160(%rsp), %xmm6
  movaps 144(%rsp), %xmm5
  movaps 128(%rsp), %xmm4
  movaps 112(%rsp), %xmm3
  movaps 96(%rsp), %xmm2
  movaps 80(%rsp), %xmm1
  movaps 64(%rsp), %xmm0
  movq 48(%rsp), %r9
  movq 40(%rsp), %r8
  movq 32(%rsp), %rcx
  movq 24(%rsp), %rdx
  movq 16(%rsp), %rsi
  movq 8(%rsp), %rdi
  movq (%rsp), %rax
  leave
  .cfi_def_cfa %rsp, 8
  jmp *%r11
  .cfi_endproc
  .size daxemu_find_and_jump, .-daxemu_find_and_jump
  .popsection

  .macro daxemu_jump name, kind, variables, type, code
  .pushsection \variables, "aw", \type
  .balign 8
daxemu_later_\name:
  .zero 8
  .popsection
  .pushsection .rodata.daxemu_later, "a", @progbits
daxemu_name_of_\name:
  .asciz "\kind\name"
  .popsection
  .pushsection \code, "ax", @progbits
  .globl \name
  .hidden \name
  .type \name, @function
\name:
  .cfi_startproc
  endbr64
  movq daxemu_later_\name(%rip), %r11
  testq %r11, %r11
  je 1f
  jmp *%r11
1:
  leaq daxemu_later_\name(%rip), %r10
  leaq daxemu_name_of_\name(%rip), %r11
  jmp daxemu_find_and_jump
  .cfi_endproc
  .size \name, .-\name
  .popsection
  .endm
  .macro daxemu_later name
    daxemu_jump \name, "", .data.daxemu_later, @progbits, .text
  .endm
  .macro daxemu_first name
    daxemu_jump \name, "*", .data.daxemu_later, @progbits, .text
  .endm
  .macro daxemu_at_start name
    daxemu_jump \name, "*", daxemu_start, @progbits, .text.startup.daxemu
  .endm

  .irp name, __cxa_atexit, __isoc99_sscanf, __stack_chk_fail, _exit, clock_gettime, pthread_once
    daxemu_later \name
  .endr
  .irp name, __isoc23_sscanf, __isoc23_strtol, __isoc23_strtoul, __isoc23_strtoull
    daxemu_later \name
  .endr
  .irp name, dlerror, dlopen, flockfile, fopencookie, funlockfile, getpid, gettext, gettid, getuid
    daxemu_later \name
  .endr
  .irp name, globfree, nanosleep, pthread_attr_destroy, pthread_attr_init, pthread_attr_setdetachstate
    daxemu_later \name
  .endr
  .irp name, pthread_attr_setsigmask_np, pthread_cond_broadcast, pthread_cond_clockwait, pthread_cond_destroy
    daxemu_later \name
  .endr
  .irp name, pthread_detach, pthread_rwlock_rdlock, pthread_rwlock_unlock, pthread_rwlock_wrlock, qsort, sched_yield
    daxemu_later \name
  .endr
  .irp name, shmctl, sigaddset, sigdelset, sigemptyset, sigfillset, sigismember, snprintf, strdup, strerror
    daxemu_later \name
  .endr
  .irp name, strerrordesc_np, strtol, strtoull, sysconf, toupper
    daxemu_later \name
  .endr
  .irp name, _dl_find_object
    daxemu_later \name
  .endr
  .irp name, __pthread_key_create, aligned_alloc, calloc, free, malloc, memmove, memset, pthread_create
    daxemu_first \name
  .endr
  .irp name, pthread_mutex_lock, pthread_mutex_unlock, realloc, setenv, strchr, strcmp, strnlen, strpbrk, strrchr, unsetenv
    daxemu_first \name
  .endr
  .irp name, getenv, memchr, memcmp, memcpy, strlen, strncmp
    daxemu_at_start \name
  .endr
)");

// Names that nobody defines, or whose answer is known: not to be looked for in every library of every program. Hidden,
// what is not there is 0 when the library is linked. Of these, __cxa_finalize is what a library calls that is unloaded,
// which this one never is (-z nodelete).
__asm__(R"(
  .irp name, __gmon_start__, __cxa_finalize, _ITM_deregisterTMCloneTable, _ITM_registerTMCloneTable
    .weak \name
    .hidden \name
    .pushsection .rodata.daxemu_later, "a", @progbits
    .reloc ., R_X86_64_NONE, \name
    .popsection
  .endr
)");

#endif
