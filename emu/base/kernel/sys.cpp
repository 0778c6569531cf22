#include "emu/base/kernel/sys.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/enter_kernel.hpp"
#include "emu/base/kernel/own_call.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::sys {
namespace {

long word(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

Result<void> nothing(const Result<long>& result) {
  if (!result) {
    return tl::unexpected(result.error());
  }
  return {};
}

template <class T>
Result<T> as(const Result<long>& result) {
  if (!result) {
    return tl::unexpected(result.error());
  }
  return static_cast<T>(*result);
}

Result<void*> as_pointer(const Result<long>& result) {
  if (!result) {
    return tl::unexpected(result.error());
  }
  return reinterpret_cast<void*>(*result);
}

} // namespace

DAXEMU_START_PATH Result<long> call(long number, long a, long b, long c, long d, long e, long f) {
  constexpr long kMostErrno = 4095; // MAX_ERRNO in include/linux/err.h
  const long result = enter_kernel(number, a, b, c, d, e, f);
  if (result < 0 && result >= -kMostErrno) {
    return fail(static_cast<int>(-result));
  }
  return result;
}

DAXEMU_START_PATH Result<int> openat(int dirfd, const char* path, int flags, mode_t mode) {
  return as<int>(call(SYS_openat, dirfd, word(path), flags | O_LARGEFILE, mode));
}
DAXEMU_START_PATH Result<int> open(const char* path, int flags, mode_t mode) {
  return openat(AT_FDCWD, path, flags, mode);
}
DAXEMU_START_PATH Result<int> open_own(const char* path, int flags) {
  return as<int>(call(SYS_openat, AT_FDCWD, word(path), flags | O_LARGEFILE, 0, 0, kOwnCall));
}
DAXEMU_START_PATH Result<void> close(int fd) {
  return nothing(call(SYS_close, fd));
}

DAXEMU_START_PATH Result<struct stat> fstat(int fd) {
  struct stat st = {};
  if (auto done = call(SYS_fstat, fd, word(&st)); !done) {
    return tl::unexpected(done.error());
  }
  return st;
}
DAXEMU_START_PATH Result<struct stat> fstatat(int dirfd, const char* path, int flags) {
  struct stat st = {};
  if (auto done = call(SYS_newfstatat, dirfd, word(path), word(&st), flags); !done) {
    return tl::unexpected(done.error());
  }
  return st;
}
DAXEMU_START_PATH Result<std::size_t> readlinkat(int dirfd, const char* path, char* into, std::size_t size) {
  return as<std::size_t>(call(SYS_readlinkat, dirfd, word(path), word(into), static_cast<long>(size)));
}
DAXEMU_START_PATH Result<std::size_t> pread(int fd, void* into, std::size_t size, std::uint64_t offset) {
  return as<std::size_t>(call(SYS_pread64, fd, word(into), static_cast<long>(size), static_cast<long>(offset)));
}
Result<std::size_t> pwrite(int fd, const void* from, std::size_t size, std::uint64_t offset) {
  return as<std::size_t>(call(SYS_pwrite64, fd, word(from), static_cast<long>(size), static_cast<long>(offset)));
}
DAXEMU_START_PATH Result<void*> mmap(void* hint, std::size_t length, int prot, int flags, int fd,
                                     std::uint64_t offset) {
  return as_pointer(call(SYS_mmap, word(hint), static_cast<long>(length), prot, flags, fd, static_cast<long>(offset)));
}
Result<void> munmap(void* address, std::size_t length) {
  return nothing(call(SYS_munmap, word(address), static_cast<long>(length)));
}
Result<void> mprotect(void* address, std::size_t length, int prot) {
  return nothing(call(SYS_mprotect, word(address), static_cast<long>(length), prot));
}
DAXEMU_START_PATH Result<void> madvise(void* address, std::size_t length, int advice) {
  return nothing(call(SYS_madvise, word(address), static_cast<long>(length), advice));
}
Result<void*> mremap(void* old_address, std::size_t old_length, std::size_t new_length, int flags, void* new_address) {
  return as_pointer(call(SYS_mremap, word(old_address), static_cast<long>(old_length), static_cast<long>(new_length),
                         flags, word(new_address)));
}
DAXEMU_START_PATH Result<int> dup_above(int fd, int minimum) {
  return as<int>(call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, minimum));
}
Result<int> memfd_create(const char* name, unsigned flags) {
  return as<int>(call(SYS_memfd_create, word(name), static_cast<long>(flags)));
}
Result<void> ftruncate(int fd, std::uint64_t length) {
  return nothing(call(SYS_ftruncate, fd, static_cast<long>(length)));
}
Result<void> fallocate(int fd, int mode, std::uint64_t offset, std::uint64_t length) {
  return nothing(call(SYS_fallocate, fd, mode, static_cast<long>(offset), static_cast<long>(length)));
}
DAXEMU_START_PATH pid_t getpid() {
  return static_cast<pid_t>(enter_kernel(SYS_getpid, 0, 0, 0, 0, 0, 0));
}
DAXEMU_START_PATH pid_t gettid() {
  return static_cast<pid_t>(enter_kernel(SYS_gettid, 0, 0, 0, 0, 0, 0));
}

} // namespace daxemu::sys
