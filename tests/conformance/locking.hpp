// mlock(2) and its kin as the C library has them. AddressSanitizer, which maps terabytes, makes them nothing: in its builds the
// system calls themselves, which the preload library sees as well.
#pragma once

#include <cstddef>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace conformance {

#ifdef __SANITIZE_ADDRESS__
inline int lock_memory(const void* address, std::size_t length) {
  return static_cast<int>(::syscall(SYS_mlock, address, length));
}
inline int unlock_memory(const void* address, std::size_t length) {
  return static_cast<int>(::syscall(SYS_munlock, address, length));
}
inline int lock_all(int flags) {
  return static_cast<int>(::syscall(SYS_mlockall, flags));
}
inline int unlock_all() {
  return static_cast<int>(::syscall(SYS_munlockall));
}
#else
inline int lock_memory(const void* address, std::size_t length) {
  return ::mlock(address, length);
}
inline int unlock_memory(const void* address, std::size_t length) {
  return ::munlock(address, length);
}
inline int lock_all(int flags) {
  return ::mlockall(flags);
}
inline int unlock_all() {
  return ::munlockall();
}
#endif

} // namespace conformance
