// The system call instruction. Inline, for the few callers to whom a function to return from matters; everybody else
// takes sys.hpp.
#pragma once

#if !defined(__x86_64__)
#error "daxemu knows the system calls of x86-64 only"
#endif

namespace daxemu::sys {

// The kernel's own answer: -errno is an error. Not libc's syscall(): the preload library interposes that too.
[[gnu::always_inline]] inline long enter_kernel(long number, long a, long b, long c, long d, long e, long f = 0) {
  long result = number;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

// With four arguments, as the kernel takes them: the registers of the others stay as they are.
[[gnu::always_inline]] inline long enter_kernel(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  long result = number;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

} // namespace daxemu::sys
