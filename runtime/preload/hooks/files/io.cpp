// Reading, writing and everything else on descriptors but mmap, close and dup.
#include <cerrno>
#include <cstdarg>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/trace/site.hpp"
#include "runtime/preload/files/control_calls.hpp"
#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/memory_calls.hpp"
#include "runtime/preload/memory/remote_bytes.hpp"
#include "runtime/preload/memory/told_touch.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"
#include "runtime/preload/paths/watch_events.hpp"
#include "runtime/preload/pins/direct_io.hpp"

using namespace daxemu::preload;
using daxemu::trace::CallSite;

#define DAXEMU_TRANSFER_HOOK(result, name, declared, passed, memory)                                                   \
  DAXEMU_SPLIT_HOOK(result, name, declared, passed, FdTable::is_foreign(fd) && !DirectIo::concerns memory)

DAXEMU_REAL(read, ssize_t(int, void*, size_t));
DAXEMU_TRANSFER_HOOK(ssize_t, read, (int fd, void* into, size_t size), (fd, into, size), (into, size)) {
  const CallSite here(caller, "read");
  const DirectIo held(fd, MemoryIs::written, into, size, caller);
  const auto real = [=] { return read_events(fd, into, size, [=](void* p, size_t n) { return real_read(fd, p, n); }); };
  return told_touch(RemoteBytes::settle(fd, RemoteBytes::Way::out_of, into, size, kAtPosition, real,
                                        read_call(fd, into, size, kAtPosition, real)),
                    into, size);
}
DAXEMU_ALIAS(read, __read)
DAXEMU_REAL(__read_chk, ssize_t(int, void*, size_t, size_t));
DAXEMU_HOOK(ssize_t, __read_chk, (int fd, void* into, size_t size, size_t room)) {
  const DirectIo held(fd, MemoryIs::written, into, size, __builtin_return_address(0));
  return read_call(fd, into, size, kAtPosition, [=] {
    // What is too much for the program's buffer is for the C library to say.
    return size > room ? real___read_chk(fd, into, size, room)
                       : read_events(fd, into, size, [=](void* p, size_t n) { return real_read(fd, p, n); });
  });
}
DAXEMU_REAL(readv, ssize_t(int, const iovec*, int));
DAXEMU_TRANSFER_HOOK(ssize_t, readv, (int fd, const iovec* pieces, int count), (fd, pieces, count), (pieces, count)) {
  const CallSite here(caller, "readv");
  const DirectIo held(fd, MemoryIs::written, pieces, count, caller);
  const ssize_t done = read_pieces_call(fd, pieces, count, kAtPosition, [=] {
    return FdTable::get(fd) != FdClass::watcher
               ? real_readv(fd, pieces, count)
               : read_events_slow(fd, pieces, count, [=](void* p, size_t n) { return real_read(fd, p, n); });
  });
  return told_touch(done, pieces, count);
}
#define DAXEMU_PREAD_HOOK(name)                                                                                        \
  DAXEMU_REAL(name, ssize_t(int, void*, size_t, off_t));                                                               \
  DAXEMU_TRANSFER_HOOK(ssize_t, name, (int fd, void* into, size_t size, off_t offset), (fd, into, size, offset),       \
                       (into, size)) {                                                                                 \
    const CallSite here(caller, #name);                                                                                \
    const DirectIo held(fd, MemoryIs::written, into, size, caller);                                                    \
    const auto real = [=] { return real_##name(fd, into, size, offset); };                                             \
    const ssize_t done = read_call(fd, into, size, named_place(offset), real);                                         \
    return told_touch(offset < 0 ? done                                                                                \
                                 : RemoteBytes::settle(fd, RemoteBytes::Way::out_of, into, size, offset, real, done),  \
                      into, size);                                                                                     \
  }
#define DAXEMU_PREAD_CHK_HOOK(name)                                                                                    \
  DAXEMU_REAL(name, ssize_t(int, void*, size_t, off_t, size_t));                                                       \
  DAXEMU_HOOK(ssize_t, name, (int fd, void* into, size_t size, off_t offset, size_t room)) {                           \
    const DirectIo held(fd, MemoryIs::written, into, size, __builtin_return_address(0));                               \
    return read_call(fd, into, size, named_place(offset), [=] { return real_##name(fd, into, size, offset, room); });  \
  }
#define DAXEMU_PREADV_HOOK(name)                                                                                       \
  DAXEMU_REAL(name, ssize_t(int, const iovec*, int, off_t));                                                           \
  DAXEMU_HOOK(ssize_t, name, (int fd, const iovec* pieces, int count, off_t offset)) {                                 \
    const DirectIo held(fd, MemoryIs::written, pieces, count, __builtin_return_address(0));                            \
    return read_pieces_call(fd, pieces, count, named_place(offset),                                                    \
                            [=] { return real_##name(fd, pieces, count, offset); });                                   \
  }
#define DAXEMU_PREADV2_HOOK(name)                                                                                      \
  DAXEMU_REAL(name, ssize_t(int, const iovec*, int, off_t, int));                                                      \
  DAXEMU_HOOK(ssize_t, name, (int fd, const iovec* pieces, int count, off_t offset, int flags)) {                      \
    const DirectIo held(fd, MemoryIs::written, pieces, count, __builtin_return_address(0));                            \
    return read_pieces_call(fd, pieces, count, offset, [=] {                                                           \
      return FdTable::get(fd) == FdClass::watcher && offset == kAtPosition && flags == 0                               \
                 ? read_events_slow(fd, pieces, count, [=](void* p, size_t n) { return real_read(fd, p, n); })         \
                 : real_##name(fd, pieces, count, offset, flags);                                                      \
    });                                                                                                                \
  }
DAXEMU_PREAD_HOOK(pread)
DAXEMU_PREAD_HOOK(pread64)
DAXEMU_ALIAS(pread64, __pread64)
DAXEMU_PREAD_CHK_HOOK(__pread_chk)
DAXEMU_PREAD_CHK_HOOK(__pread64_chk)
DAXEMU_PREADV_HOOK(preadv)
DAXEMU_PREADV_HOOK(preadv64)
DAXEMU_PREADV2_HOOK(preadv2)
DAXEMU_PREADV2_HOOK(preadv64v2)

DAXEMU_REAL(write, ssize_t(int, const void*, size_t));
DAXEMU_TRANSFER_HOOK(ssize_t, write, (int fd, const void* from, size_t size), (fd, from, size), (from, size)) {
  const CallSite here(caller, "write");
  const DirectIo held(fd, MemoryIs::read, from, size, caller);
  const auto real = [=] { return real_write(fd, from, size); };
  return told_touch(RemoteBytes::settle(fd, RemoteBytes::Way::into, from, size, kAtPosition, real,
                                        write_call(fd, from, size, kAtPosition, real)),
                    from, size);
}
DAXEMU_ALIAS(write, __write)
DAXEMU_REAL(writev, ssize_t(int, const iovec*, int));
DAXEMU_TRANSFER_HOOK(ssize_t, writev, (int fd, const iovec* pieces, int count), (fd, pieces, count), (pieces, count)) {
  const CallSite here(caller, "writev");
  const DirectIo held(fd, MemoryIs::read, pieces, count, caller);
  return told_touch(write_pieces_call(fd, pieces, count, kAtPosition, [=] { return real_writev(fd, pieces, count); }),
                    pieces, count);
}
#define DAXEMU_PWRITE_HOOK(name)                                                                                       \
  DAXEMU_REAL(name, ssize_t(int, const void*, size_t, off_t));                                                         \
  DAXEMU_TRANSFER_HOOK(ssize_t, name, (int fd, const void* from, size_t size, off_t offset), (fd, from, size, offset), \
                       (from, size)) {                                                                                 \
    const CallSite here(caller, #name);                                                                                \
    const DirectIo held(fd, MemoryIs::read, from, size, caller);                                                       \
    const auto real = [=] { return real_##name(fd, from, size, offset); };                                             \
    const ssize_t done = write_call(fd, from, size, named_place(offset), real);                                        \
    return told_touch(offset < 0 ? done                                                                                \
                                 : RemoteBytes::settle(fd, RemoteBytes::Way::into, from, size, offset, real, done),    \
                      from, size);                                                                                     \
  }
#define DAXEMU_PWRITEV_HOOK(name)                                                                                      \
  DAXEMU_REAL(name, ssize_t(int, const iovec*, int, off_t));                                                           \
  DAXEMU_HOOK(ssize_t, name, (int fd, const iovec* pieces, int count, off_t offset)) {                                 \
    const DirectIo held(fd, MemoryIs::read, pieces, count, __builtin_return_address(0));                               \
    return write_pieces_call(fd, pieces, count, named_place(offset),                                                   \
                             [=] { return real_##name(fd, pieces, count, offset); });                                  \
  }
#define DAXEMU_PWRITEV2_HOOK(name)                                                                                     \
  DAXEMU_REAL(name, ssize_t(int, const iovec*, int, off_t, int));                                                      \
  DAXEMU_HOOK(ssize_t, name, (int fd, const iovec* pieces, int count, off_t offset, int flags)) {                      \
    const DirectIo held(fd, MemoryIs::read, pieces, count, __builtin_return_address(0));                               \
    return write_pieces_call(fd, pieces, count, offset,                                                                \
                             [=] { return real_##name(fd, pieces, count, offset, flags); });                           \
  }
DAXEMU_PWRITE_HOOK(pwrite)
DAXEMU_PWRITE_HOOK(pwrite64)
DAXEMU_ALIAS(pwrite64, __pwrite64)
DAXEMU_PWRITEV_HOOK(pwritev)
DAXEMU_PWRITEV_HOOK(pwritev64)
DAXEMU_PWRITEV2_HOOK(pwritev2)
DAXEMU_PWRITEV2_HOOK(pwritev64v2)

#define DAXEMU_LSEEK_HOOK(name)                                                                                        \
  DAXEMU_REAL(name, off_t(int, off_t, int));                                                                           \
  DAXEMU_HOOK(off_t, name, (int fd, off_t offset, int whence)) {                                                       \
    const auto real = [=] { return real_##name(fd, offset, whence); };                                                 \
    return FdTable::is_foreign(fd) ? real() : seek_slow(fd, offset, whence, real);                                     \
  }
DAXEMU_LSEEK_HOOK(lseek)
DAXEMU_LSEEK_HOOK(lseek64)
DAXEMU_ALIAS(lseek, __lseek)
DAXEMU_ALIAS(lseek64, llseek)

#define DAXEMU_OPERATION_HOOK(name, operation, declared, passed)                                                       \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    const auto real = [=] { return real_##name passed; };                                                              \
    if (FdTable::is_foreign(fd)) {                                                                                     \
      return real();                                                                                                   \
    }                                                                                                                  \
    const CallSite here(__builtin_return_address(0), #name);                                                           \
    return operate_call(fd, operation, real);                                                                          \
  }
DAXEMU_OPERATION_HOOK(fsync, Operation::sync, (int fd), (fd))
DAXEMU_OPERATION_HOOK(fdatasync, Operation::sync, (int fd), (fd))
#define DAXEMU_TRUNCATE_HOOK(name)                                                                                     \
  DAXEMU_REAL(name, int(int, off_t));                                                                                  \
  DAXEMU_HOOK(int, name, (int fd, off_t length)) {                                                                     \
    const auto real = [=] { return real_##name(fd, length); };                                                         \
    if (FdTable::is_foreign(fd)) {                                                                                     \
      return real();                                                                                                   \
    }                                                                                                                  \
    const CallSite here(__builtin_return_address(0), #name);                                                           \
    return truncate_call(fd, length, real);                                                                            \
  }
DAXEMU_TRUNCATE_HOOK(ftruncate)
DAXEMU_TRUNCATE_HOOK(ftruncate64)
DAXEMU_REAL(sync_file_range, int(int, off_t, off_t, unsigned));
DAXEMU_HOOK(int, sync_file_range, (int fd, off_t offset, off_t length, unsigned flags)) {
  const auto real = [=] { return real_sync_file_range(fd, offset, length, flags); };
  return FdTable::is_foreign(fd) ? real() : sync_range_slow(fd, offset, length, flags, real);
}
DAXEMU_REAL(readahead, ssize_t(int, off_t, size_t));
DAXEMU_HOOK(ssize_t, readahead, (int fd, off_t offset, size_t count)) {
  const auto real = [=] { return static_cast<int>(real_readahead(fd, offset, count)); };
  return FdTable::is_foreign(fd) ? real() : read_ahead_slow(fd, offset, real);
}

#define DAXEMU_FALLOCATE_HOOK(name)                                                                                    \
  DAXEMU_REAL(name, int(int, int, off_t, off_t));                                                                      \
  DAXEMU_HOOK(int, name, (int fd, int mode, off_t offset, off_t length)) {                                             \
    const auto real = [=] { return real_##name(fd, mode, offset, length); };                                           \
    if (FdTable::is_foreign(fd)) {                                                                                     \
      return real();                                                                                                   \
    }                                                                                                                  \
    const CallSite here(__builtin_return_address(0), #name);                                                           \
    return allocate_slow(fd, mode, offset, length, real);                                                              \
  }
DAXEMU_FALLOCATE_HOOK(fallocate)
DAXEMU_FALLOCATE_HOOK(fallocate64)
#define DAXEMU_POSIX_FALLOCATE_HOOK(name)                                                                              \
  DAXEMU_REAL(name, int(int, off_t, off_t));                                                                           \
  DAXEMU_HOOK(int, name, (int fd, off_t offset, off_t length)) {                                                       \
    const auto real = [=] { return real_##name(fd, offset, length); };                                                 \
    if (FdTable::is_foreign(fd)) {                                                                                     \
      return real();                                                                                                   \
    }                                                                                                                  \
    const CallSite here(__builtin_return_address(0), #name);                                                           \
    return posix_allocate_slow(fd, offset, length, real);                                                              \
  }
DAXEMU_POSIX_FALLOCATE_HOOK(posix_fallocate)
DAXEMU_POSIX_FALLOCATE_HOOK(posix_fallocate64)
#define DAXEMU_POSIX_FADVISE_HOOK(name)                                                                                \
  DAXEMU_REAL(name, int(int, off_t, off_t, int));                                                                      \
  DAXEMU_HOOK(int, name, (int fd, off_t offset, off_t length, int advice)) {                                           \
    const auto real = [=] { return real_##name(fd, offset, length, advice); };                                         \
    return FdTable::is_foreign(fd) ? real() : advise_slow(fd, offset, length, advice, real);                           \
  }
DAXEMU_POSIX_FADVISE_HOOK(posix_fadvise)
DAXEMU_POSIX_FADVISE_HOOK(posix_fadvise64)

DAXEMU_REAL(ioctl, int(int, unsigned long, ...));
DAXEMU_HOOK(int, ioctl, (int fd, unsigned long request, ...)) {
  if (request == FIONCLEX) {
    VnodeFiles::settle(fd); // exec(3) is about to give it away
  }
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (const int code = memory_calls.refuses_ioctl(request, argument); code != 0) {
    errno = code;
    return -1;
  }
  const auto real = [=] { return real_ioctl(fd, request, argument); };
  if (FdTable::is_foreign(fd)) {
    return real();
  }
  const CallSite here(__builtin_return_address(0), "ioctl");
  return control_slow(fd, request, argument, real);
}

#define DAXEMU_SENDFILE_HOOK(name)                                                                                     \
  DAXEMU_REAL(name, ssize_t(int, int, off_t*, size_t));                                                                \
  DAXEMU_HOOK(ssize_t, name, (int out, int in, off_t* offset, size_t count)) {                                         \
    return copy_call(in, out, {.how = Copy::sends, .count = count, .in = offset, .given_back = true},                  \
                     [=] { return real_##name(out, in, offset, count); });                                             \
  }
DAXEMU_SENDFILE_HOOK(sendfile)
DAXEMU_SENDFILE_HOOK(sendfile64)
DAXEMU_REAL(splice, ssize_t(int, off64_t*, int, off64_t*, size_t, unsigned));
DAXEMU_HOOK(ssize_t, splice, (int in, off64_t* in_at, int out, off64_t* out_at, size_t count, unsigned flags)) {
  return copy_call(
      in, out,
      {.how = Copy::splices, .count = count, .in = in_at, .out = out_at, .waits = (flags & SPLICE_F_NONBLOCK) == 0},
      [=] { return real_splice(in, in_at, out, out_at, count, flags); });
}
DAXEMU_REAL(copy_file_range, ssize_t(int, off64_t*, int, off64_t*, size_t, unsigned));
DAXEMU_HOOK(ssize_t, copy_file_range,
            (int in, off64_t* in_at, int out, off64_t* out_at, size_t count, unsigned flags)) {
  return copy_call(in, out, {.how = Copy::ranges, .count = count, .in = in_at, .out = out_at},
                   [=] { return real_copy_file_range(in, in_at, out, out_at, count, flags); });
}
