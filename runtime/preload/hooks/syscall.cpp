// syscall(2): programs that name a call by its number (libuv's statx, tools newer than their C library) mean the same
// call. Those that libc has a function for go to the interposed function; every other number passes through.
#include <cerrno>
#include <cstdarg>
#include <type_traits>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/preload/aio_calls.hpp"
#include "runtime/preload/hook.hpp"
#include "runtime/preload/memory_calls.hpp"
#include "runtime/preload/pin_sites.hpp"
#include "runtime/preload/real.hpp"
#include "runtime/preload/uring_pins.hpp"

namespace {

DAXEMU_REAL(syscall, long(long, ...));

template <class T>
T as(long word) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(word);
  } else {
    return static_cast<T>(word);
  }
}

// Calls `function` with as many of the words as it has parameters.
template <class Value, class... Parameters, std::size_t... At>
long call_with(Value (*function)(Parameters...), const long* words, std::index_sequence<At...>) {
  return static_cast<long>(function(as<Parameters>(words[At])...));
}
template <class Value, class... Parameters>
long forward(Value (*function)(Parameters...), const long* words) {
  return call_with(function, words, std::index_sequence_for<Parameters...>{});
}

int open_by_number(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}
int openat_by_number(int dirfd, const char* path, int flags, mode_t mode) {
  return ::openat(dirfd, path, flags, mode);
}
int fcntl_by_number(int fd, int command, long argument) {
  return ::fcntl(fd, command, argument);
}
int faccessat_by_number(int dirfd, const char* path, int mode) {
  return ::faccessat(dirfd, path, mode, 0);
}

long dispatch(long number, long* words, std::uint64_t site) {
  switch (number) {
  case SYS_open:
    return forward(open_by_number, words);
  case SYS_openat:
    return forward(openat_by_number, words);
  case SYS_close:
    return forward(::close, words);
  case SYS_close_range:
    return forward(::close_range, words);
  case SYS_dup:
    return forward(::dup, words);
  case SYS_dup2:
    return forward(::dup2, words);
  case SYS_dup3:
    return forward(::dup3, words);
  case SYS_fcntl:
    return forward(fcntl_by_number, words);
  case SYS_stat:
    return forward(::stat, words);
  case SYS_lstat:
    return forward(::lstat, words);
  case SYS_fstat:
    return forward(::fstat, words);
  case SYS_newfstatat:
    return forward(::fstatat, words);
  case SYS_statx:
    return forward(::statx, words);
  case SYS_access:
    return forward(::access, words);
  case SYS_faccessat:
    return forward(faccessat_by_number, words);
  case SYS_faccessat2:
    return forward(::faccessat, words);
  case SYS_readlink:
    return forward(::readlink, words);
  case SYS_readlinkat:
    return forward(::readlinkat, words);
  case SYS_getdents64:
    return forward(::getdents64, words);
  case SYS_chdir:
    return forward(::chdir, words);
  case SYS_fchdir:
    return forward(::fchdir, words);
  case SYS_read:
    return forward(::read, words);
  case SYS_write:
    return forward(::write, words);
  case SYS_pread64:
    return forward(::pread, words);
  case SYS_pwrite64:
    return forward(::pwrite, words);
  case SYS_lseek:
    return forward(::lseek, words);
  case SYS_mmap:
    return reinterpret_cast<long>(::mmap(as<void*>(words[0]), as<std::size_t>(words[1]), as<int>(words[2]),
                                         as<int>(words[3]), as<int>(words[4]), words[5]));
  case SYS_munmap:
    return forward(::munmap, words);
  case SYS_mprotect:
    return forward(::mprotect, words);
  case SYS_mremap:
    return reinterpret_cast<long>(::mremap(as<void*>(words[0]), as<std::size_t>(words[1]), as<std::size_t>(words[2]),
                                           as<int>(words[3]), as<void*>(words[4])));
  case SYS_madvise:
    return forward(::madvise, words);
  case SYS_mlock:
    return forward(::mlock, words);
  case SYS_mlock2:
    return forward(::mlock2, words);
  case SYS_msync:
    return forward(::msync, words);
  case SYS_mincore:
    return forward(::mincore, words);
  case SYS_remap_file_pages:
    return forward(::remap_file_pages, words);
  case SYS_mbind:
    return daxemu::preload::memory_calls.mbind(as<void*>(words[0]), as<unsigned long>(words[1]), as<int>(words[2]),
                                               as<const unsigned long*>(words[3]), as<unsigned long>(words[4]),
                                               as<unsigned>(words[5]));
  case SYS_move_pages:
    return daxemu::preload::memory_calls.move_pages(as<int>(words[0]), as<unsigned long>(words[1]),
                                                    as<void**>(words[2]), as<const int*>(words[3]), as<int*>(words[4]),
                                                    as<int>(words[5]));
  case SYS_copy_file_range:
    return forward(::copy_file_range, words);
  case SYS_execve:
    return forward(::execve, words);
  case SYS_vmsplice:
    return forward(::vmsplice, words);
  case SYS_io_uring_register: {
    const long done = daxemu::preload::register_call(
        as<int>(words[0]), as<unsigned>(words[1]), as<const void*>(words[2]), as<unsigned>(words[3]), site, [&] {
          const long real = real_syscall(number, words[0], words[1], words[2], words[3]);
          return real < 0 ? -static_cast<long>(errno) : real;
        });
    if (done < 0) {
      errno = static_cast<int>(-done);
      return -1;
    }
    return done;
  }
  case SYS_io_submit:
    return daxemu::preload::submit_aio(words, [&] { return real_syscall(number, words[0], words[1], words[2]); });
  default:
    return real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  }
}

} // namespace

DAXEMU_HOOK(long, syscall, (long number, ...)) {
  long words[6];
  va_list list;
  va_start(list, number);
  for (long& word : words) {
    word = va_arg(list, long);
  }
  va_end(list);
  return dispatch(number, words, daxemu::preload::noted_site(__builtin_return_address(0)));
}
