// syscall(2): programs that name a call by its number (libuv's statx, tools newer than their C library) mean the same
// call. Those that libc has a function for go to the interposed function; every other number passes through.
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <type_traits>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

extern "C" { // glibc 2.36 has forgotten to
#include <sys/pidfd.h>
}

#include "runtime/preload/files/aio_calls.hpp"
#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/files/uring_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/pin_sites.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/memory/memory_calls.hpp"
#include "runtime/preload/pins/uring_pins.hpp"
#include "runtime/preload/process/forks.hpp"

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

// Where the C library's function takes its arguments or gives its result in another way than the call.
int open_by_number(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}
int openat_by_number(int dirfd, const char* path, int flags, mode_t mode) {
  return ::openat(dirfd, path, flags, mode);
}
int fcntl_by_number(int fd, int command, long argument) {
  return ::fcntl(fd, command, argument);
}
int ioctl_by_number(int fd, unsigned request, long argument) {
  return ::ioctl(fd, request, argument);
}
int faccessat_by_number(int dirfd, const char* path, int mode) {
  return ::faccessat(dirfd, path, mode, 0);
}
int fchmodat_by_number(int dirfd, const char* path, mode_t mode) {
  return ::fchmodat(dirfd, path, mode, 0);
}
int fadvise_by_number(int fd, off_t offset, off_t length, int advice) {
  const int code = ::posix_fadvise(fd, offset, length, advice);
  errno = code != 0 ? code : errno;
  return code != 0 ? -1 : 0;
}
long getcwd_by_number(char* into, std::size_t size) {
  return ::getcwd(into, size) == nullptr ? -1 : static_cast<long>(std::strlen(into)) + 1;
}
// An offset is one word here; the call would take its upper half from the next.
ssize_t preadv_by_number(int fd, const iovec* pieces, int count, off_t offset) {
  return ::preadv(fd, pieces, count, offset);
}
ssize_t pwritev_by_number(int fd, const iovec* pieces, int count, off_t offset) {
  return ::pwritev(fd, pieces, count, offset);
}
ssize_t preadv2_by_number(int fd, const iovec* pieces, int count, off_t offset, long, int flags) {
  return ::preadv2(fd, pieces, count, offset, flags);
}
ssize_t pwritev2_by_number(int fd, const iovec* pieces, int count, off_t offset, long, int flags) {
  return ::pwritev2(fd, pieces, count, offset, flags);
}
long mmap_by_number(void* address, std::size_t length, int prot, int flags, int fd, off_t offset) {
  return reinterpret_cast<long>(::mmap(address, length, prot, flags, fd, offset));
}
long mremap_by_number(void* old_address, std::size_t old_size, std::size_t new_size, int flags, void* new_address) {
  return reinterpret_cast<long>(::mremap(old_address, old_size, new_size, flags, new_address));
}
long shmat_by_number(int id, const void* address, int flags) {
  return reinterpret_cast<long>(::shmat(id, address, flags));
}

long openat2_by_number(const long* words) {
  return daxemu::preload::open_how_path(as<int>(words[0]), as<const char*>(words[1]), as<const open_how*>(words[2]),
                                        as<std::size_t>(words[3]));
}

long uring_setup(const long* words) {
  const long fd = real_syscall(SYS_io_uring_setup, words[0], words[1]);
  if (fd >= 0) {
    daxemu::preload::RawRings::opened(static_cast<int>(fd), *as<const io_uring_params*>(words[1]));
  }
  return fd;
}

// The forms of registering files that take an array of descriptors.
long register_without_devices(const long* words) {
  const auto ask = [&](const void* argument) {
    return static_cast<int>(real_syscall(SYS_io_uring_register, words[0], words[1], argument, words[3]));
  };
  const auto count = as<unsigned>(words[3]);
  if (words[1] == IORING_REGISTER_FILES) {
    return daxemu::preload::register_files(as<const int*>(words[2]), count, ask);
  }
  if (words[1] == IORING_REGISTER_FILES_UPDATE && words[2] != 0) {
    io_uring_files_update update = *as<const io_uring_files_update*>(words[2]);
    return daxemu::preload::register_files(reinterpret_cast<const int*>(update.fds), count, [&](const int* allowed) {
      update.fds = reinterpret_cast<std::uint64_t>(allowed);
      return ask(&update);
    });
  }
  return ask(as<const void*>(words[2]));
}

// -errno comes back from register_call(), which keeps the ledger of pins.
long uring_register(const long* words, std::uint64_t site) {
  const long done = daxemu::preload::register_call(as<int>(words[0]), as<unsigned>(words[1]), as<const void*>(words[2]),
                                                   as<unsigned>(words[3]), site, [&] {
                                                     const long real = register_without_devices(words);
                                                     return real < 0 ? -static_cast<long>(errno) : real;
                                                   });
  if (done < 0) {
    errno = static_cast<int>(-done);
    return -1;
  }
  return done;
}

#define DAXEMU_SAME(name)                                                                                              \
  case SYS_##name:                                                                                                     \
    return forward(::name, words);
#define DAXEMU_AS(name, function)                                                                                      \
  case SYS_##name:                                                                                                     \
    return forward(function, words);

long pass(long number, const long* words) {
  return real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
// A child with a copy of this memory, which goes on from here.
long fork_by_number(long number, const long* words) {
  return daxemu::preload::fork_with([&] { return static_cast<pid_t>(pass(number, words)); });
}

long clone_by_number(long number, const long* words, unsigned long flags) {
  if ((flags & CLONE_VM) == 0) {
    return fork_by_number(number, words);
  }
  if ((flags & CLONE_THREAD) == 0) {
    daxemu::preload::OwnProcess::lend();
  }
  return pass(number, words);
}

long dispatch(long number, long* words, std::uint64_t site) {
  switch (number) {
    // Paths.
    DAXEMU_AS(open, open_by_number)
    DAXEMU_AS(openat, openat_by_number)
    DAXEMU_SAME(creat)
    DAXEMU_SAME(stat)
    DAXEMU_SAME(lstat)
    DAXEMU_AS(newfstatat, ::fstatat)
    DAXEMU_SAME(statx)
    DAXEMU_SAME(statfs)
    DAXEMU_SAME(access)
    DAXEMU_AS(faccessat, faccessat_by_number)
    DAXEMU_AS(faccessat2, ::faccessat)
    DAXEMU_SAME(readlink)
    DAXEMU_SAME(readlinkat)
    DAXEMU_SAME(chdir)
    DAXEMU_SAME(chroot)
    DAXEMU_AS(getcwd, getcwd_by_number)
    DAXEMU_SAME(mkdir)
    DAXEMU_SAME(mkdirat)
    DAXEMU_SAME(rmdir)
    DAXEMU_SAME(mknod)
    DAXEMU_SAME(mknodat)
    DAXEMU_SAME(unlink)
    DAXEMU_SAME(unlinkat)
    DAXEMU_SAME(symlink)
    DAXEMU_SAME(symlinkat)
    DAXEMU_SAME(link)
    DAXEMU_SAME(linkat)
    DAXEMU_SAME(rename)
    DAXEMU_SAME(renameat)
    DAXEMU_SAME(renameat2)
    DAXEMU_SAME(chmod)
    DAXEMU_AS(fchmodat, fchmodat_by_number)
    DAXEMU_SAME(chown)
    DAXEMU_SAME(lchown)
    DAXEMU_SAME(fchownat)
    DAXEMU_SAME(utimensat)
    DAXEMU_SAME(truncate)
    DAXEMU_SAME(inotify_add_watch)
    DAXEMU_SAME(execve)
    DAXEMU_SAME(execveat)
    // Descriptors.
    DAXEMU_SAME(close)
    DAXEMU_SAME(close_range)
    DAXEMU_SAME(dup)
    DAXEMU_SAME(dup2)
    DAXEMU_SAME(dup3)
    DAXEMU_SAME(pidfd_getfd)
    DAXEMU_SAME(recvmsg)
    DAXEMU_SAME(bind)
    DAXEMU_SAME(connect)
    DAXEMU_AS(fcntl, fcntl_by_number)
    DAXEMU_AS(ioctl, ioctl_by_number)
    DAXEMU_SAME(fstat)
    DAXEMU_SAME(fstatfs)
    DAXEMU_SAME(fchdir)
    DAXEMU_SAME(fchmod)
    DAXEMU_SAME(fchown)
    DAXEMU_SAME(getdents64)
    DAXEMU_SAME(read)
    DAXEMU_SAME(readv)
    DAXEMU_AS(pread64, ::pread)
    DAXEMU_AS(preadv, preadv_by_number)
    DAXEMU_AS(preadv2, preadv2_by_number)
    DAXEMU_SAME(write)
    DAXEMU_SAME(writev)
    DAXEMU_AS(pwrite64, ::pwrite)
    DAXEMU_AS(pwritev, pwritev_by_number)
    DAXEMU_AS(pwritev2, pwritev2_by_number)
    DAXEMU_SAME(lseek)
    DAXEMU_SAME(fsync)
    DAXEMU_SAME(fdatasync)
    DAXEMU_SAME(sync_file_range)
    DAXEMU_SAME(ftruncate)
    DAXEMU_SAME(fallocate)
    DAXEMU_AS(fadvise64, fadvise_by_number)
    DAXEMU_SAME(readahead)
    DAXEMU_SAME(sendfile)
    DAXEMU_SAME(splice)
    DAXEMU_SAME(vmsplice)
    DAXEMU_SAME(copy_file_range)
    // Memory.
    DAXEMU_AS(mmap, mmap_by_number)
    DAXEMU_SAME(munmap)
    DAXEMU_SAME(mprotect)
    DAXEMU_SAME(pkey_mprotect)
    DAXEMU_AS(mremap, mremap_by_number)
    DAXEMU_SAME(remap_file_pages)
    DAXEMU_AS(shmat, shmat_by_number)
    DAXEMU_SAME(madvise)
    DAXEMU_SAME(mlock)
    DAXEMU_SAME(mlock2)
    DAXEMU_SAME(msync)
    DAXEMU_SAME(mincore)
  case SYS_mbind:
    return daxemu::preload::memory_calls.mbind(as<void*>(words[0]), as<unsigned long>(words[1]), as<int>(words[2]),
                                               as<const unsigned long*>(words[3]), as<unsigned long>(words[4]),
                                               as<unsigned>(words[5]));
  case SYS_move_pages:
    return daxemu::preload::memory_calls.move_pages(as<int>(words[0]), as<unsigned long>(words[1]),
                                                    as<void**>(words[2]), as<const int*>(words[3]), as<int*>(words[4]),
                                                    as<int>(words[5]));
  case SYS_openat2:
    return openat2_by_number(words);
  case SYS_io_uring_setup:
    return uring_setup(words);
  case SYS_io_uring_enter:
    daxemu::preload::RawRings::entering(as<int>(words[0]));
    return real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  case SYS_io_uring_register:
    return uring_register(words, site);
  case SYS_fork:
    return fork_by_number(number, words);
  case SYS_vfork:
    return clone_by_number(number, words, CLONE_VM);
  case SYS_clone:
    return clone_by_number(number, words, as<unsigned long>(words[0]));
  case SYS_clone3:
    return clone_by_number(number, words, words[0] == 0 ? CLONE_VM : as<const clone_args*>(words[0])->flags);
  case SYS_io_submit:
    return daxemu::preload::libc_value(
        daxemu::preload::submit_aio(as<aio_context_t>(words[0]), words[1], as<iocb**>(words[2]), site), -1L);
  case SYS_io_destroy:
    return daxemu::preload::libc_value(daxemu::preload::destroy_aio(as<aio_context_t>(words[0])), -1L);
  default:
    return pass(number, words);
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
