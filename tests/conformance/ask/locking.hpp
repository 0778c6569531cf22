// mlock(2) and its kin as the C library has them. AddressSanitizer, which maps terabytes, makes them nothing where it
// is preloaded: there the system calls themselves, which the preload library sees as well.
#pragma once

#include <cstddef>

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace conformance {

inline bool locks_are_nothing() {
  static const bool nothing = ::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr;
  return nothing;
}
inline int lock_memory(const void* address, std::size_t length) {
  return locks_are_nothing() ? static_cast<int>(::syscall(SYS_mlock, address, length)) : ::mlock(address, length);
}
inline int unlock_memory(const void* address, std::size_t length) {
  return locks_are_nothing() ? static_cast<int>(::syscall(SYS_munlock, address, length)) : ::munlock(address, length);
}
inline int lock_all(int flags) {
  return locks_are_nothing() ? static_cast<int>(::syscall(SYS_mlockall, flags)) : ::mlockall(flags);
}
inline int unlock_all() {
  return locks_are_nothing() ? static_cast<int>(::syscall(SYS_munlockall)) : ::munlockall();
}

} // namespace conformance
