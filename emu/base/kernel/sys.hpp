// Kernel calls that bypass libc's public entry points. The preload library interposes open, close, mmap and the like
// for the whole process, itself included: code that ends up inside it must not call itself. Each function returns
// Result with the kernel's errno and leaves the caller's errno alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/stat.h>
#include <sys/types.h>

#include "emu/base/result.hpp"

namespace daxemu::sys {

// A raw system call; the kernel's -errno becomes the error. Does not touch errno.
[[nodiscard]] Result<long> call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0);

[[nodiscard]] Result<int> openat(int dirfd, const char* path, int flags, mode_t mode = 0);
[[nodiscard]] Result<int> open(const char* path, int flags, mode_t mode = 0);
// A file of the platform itself. Past who answers this process's calls from outside: by a link of /proc to a device's
// bytes a program gets the device.
[[nodiscard]] Result<int> open_own(const char* path, int flags);
Result<void> close(int fd);
[[nodiscard]] Result<struct stat> fstat(int fd);
[[nodiscard]] Result<struct stat> fstatat(int dirfd, const char* path, int flags);
// Bytes placed in `into` (not terminated).
[[nodiscard]] Result<std::size_t> readlinkat(int dirfd, const char* path, char* into, std::size_t size);
[[nodiscard]] Result<std::size_t> pread(int fd, void* into, std::size_t size, std::uint64_t offset);
[[nodiscard]] Result<std::size_t> pwrite(int fd, const void* from, std::size_t size, std::uint64_t offset);
[[nodiscard]] Result<void*> mmap(void* hint, std::size_t length, int prot, int flags, int fd, std::uint64_t offset);
Result<void> munmap(void* address, std::size_t length);
Result<void> mprotect(void* address, std::size_t length, int prot);
Result<void> madvise(void* address, std::size_t length, int advice);
[[nodiscard]] Result<void*> mremap(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
                                   void* new_address = nullptr);
// A new descriptor number >= minimum for the same description, close-on-exec.
[[nodiscard]] Result<int> dup_above(int fd, int minimum);
[[nodiscard]] Result<int> memfd_create(const char* name, unsigned flags);
Result<void> ftruncate(int fd, std::uint64_t length);
Result<void> fallocate(int fd, int mode, std::uint64_t offset, std::uint64_t length);
[[nodiscard]] pid_t getpid();
[[nodiscard]] pid_t gettid();

} // namespace daxemu::sys
