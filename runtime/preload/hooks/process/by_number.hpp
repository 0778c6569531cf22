// What syscall(2) calls for a number that the table of calls says is handled: the interposed function of the same name,
// or, where the C library's takes its arguments or gives its result in another way than the kernel's call (or has none
// of that name), the function here. The dispatch finds these first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <type_traits>
#include <utility>

#include <linux/aio_abi.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <utime.h>

#include "runtime/preload/files/rings/uring_paths.hpp"

namespace daxemu::preload::by_number {

// A call as it was made: what takes it whole may pass it on.
struct Words {
  long number;
  long word[6];
  std::uint64_t site; // where from, for the ledger of pins
};

// What syscall(2) does, told as the kernel tells it: -errno.
long perform(const RequestedCall& call);

// The call itself, by the next syscall(2).
long pass(const Words& words);

template <class T>
T as(long word) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(word);
  } else {
    return static_cast<T>(word);
  }
}

namespace detail {

template <class Value, class... Parameters, std::size_t... At>
long call_with(Value (*function)(Parameters...), const Words& words, std::index_sequence<At...>) {
  const Value value = function(as<Parameters>(words.word[At])...);
  if constexpr (std::is_pointer_v<Value>) {
    return reinterpret_cast<long>(value);
  } else {
    return static_cast<long>(value);
  }
}

} // namespace detail

// Calls `function` with as many of the words as it has parameters.
template <class Value, class... Parameters>
long forward(Value (*function)(Parameters...), const Words& words) {
  return detail::call_with(function, words, std::index_sequence_for<Parameters...>{});
}
inline long forward(long (*function)(const Words&), const Words& words) {
  return function(words);
}

// Newer than 6.1: of devices as the mirrored kernel has them, of everything else they are the machine's.
int mseal(void* address, std::size_t length, unsigned long flags);
long cachestat(const Words& words);
long getrandom(const Words& words);
long futex(const Words& words);

// Words of another process: read ones are put where `data` points.
long ptrace(long request, pid_t process, void* address, void* data);
// What is asked once of the machine is asked before there is a filter.
long prctl(const Words& words);
long seccomp(const Words& words);

// Paths.
int open(const char* path, int flags, mode_t mode);
int openat(int dirfd, const char* path, int flags, mode_t mode);
int openat2(int dirfd, const char* path, const open_how* how, std::size_t size);
int newfstatat(int dirfd, const char* path, struct stat* into, int flags);
int faccessat(int dirfd, const char* path, int mode);
int faccessat2(int dirfd, const char* path, int mode, int flags);
int fchmodat(int dirfd, const char* path, mode_t mode);
int fchmodat2(int dirfd, const char* path, mode_t mode, int flags);
int utimensat(int dirfd, const char* path, const timespec* times, int flags);
// The C library turns these into others in its own memory.
int utime(const char* path, const utimbuf* times);
int utimes(const char* path, const timeval* times);
int futimesat(int dirfd, const char* path, const timeval* times);
long getcwd(char* into, std::size_t size);
// Descriptors.
int fcntl(int fd, int command, long argument);
int ioctl(int fd, unsigned request, long argument);
int fadvise64(int fd, off_t offset, off_t length, int advice);
// An offset is one word here; the call would take its upper half from the next.
ssize_t preadv(int fd, const iovec* pieces, int count, off_t offset);
ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset);
ssize_t preadv2(int fd, const iovec* pieces, int count, off_t offset, long unused, int flags);
ssize_t pwritev2(int fd, const iovec* pieces, int count, off_t offset, long unused, int flags);
long ppoll(const Words& words);
long pselect6(const Words& words);
long io_submit(const Words& words);
long io_destroy(aio_context_t context);
long io_uring_setup(const Words& words);
long io_uring_enter(const Words& words);
long io_uring_register(const Words& words);
// Memory.
void* mremap(void* old_address, std::size_t old_size, std::size_t new_size, int flags, void* new_address);
long set_mempolicy(int mode, const unsigned long* mask, unsigned long nodes);
long get_mempolicy(int* mode, unsigned long* mask, unsigned long nodes, void* address, unsigned long flags);
long set_mempolicy_home_node(unsigned long start, unsigned long length, unsigned long home, unsigned long flags);
long migrate_pages(int pid, unsigned long nodes, const unsigned long* from, const unsigned long* to);
long mbind(void* address, unsigned long length, int mode, const unsigned long* mask, unsigned long nodes,
           unsigned flags);
long move_pages(int pid, unsigned long count, void** pages, const int* nodes, int* status, int flags);
// Processes and signals.
long fork(const Words& words);
long vfork(const Words& words);
long clone(const Words& words);
long clone3(const Words& words);
long rt_sigaction(const Words& words);
long rt_sigprocmask(const Words& words);
long rt_sigtimedwait(const Words& words);

} // namespace daxemu::preload::by_number
