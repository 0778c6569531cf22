#include "runtime/preload/streams/stream_calls.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/sys.hpp"
#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/procfs/proc_files.hpp"
#include "runtime/preload/streams/node_streams.hpp"

namespace daxemu::preload {
namespace {

// open(2)'s flags for fopen(3)'s mode. Errors: EINVAL.
Result<int> flags_of(const char* mode) {
  int flags = 0;
  switch (*mode) {
  case 'r':
    flags = O_RDONLY;
    break;
  case 'w':
    flags = O_WRONLY | O_CREAT | O_TRUNC;
    break;
  case 'a':
    flags = O_WRONLY | O_CREAT | O_APPEND;
    break;
  default:
    return fail(EINVAL);
  }
  for (const char* letter = mode + 1; *letter != '\0' && *letter != ','; ++letter) {
    if (*letter == '+') {
      flags = (flags & ~O_ACCMODE) | O_RDWR;
    } else if (*letter == 'x') {
      flags |= O_EXCL;
    } else if (*letter == 'e') {
      flags |= O_CLOEXEC;
    }
  }
  return flags;
}

Result<int> open_found(const Resolution& found, int flags) {
  if (found.kind == Resolution::Kind::refused) {
    return fail((flags & O_CREAT) != 0 ? EACCES : found.error.value);
  }
  return Context::get()->opener().open(found.node, flags);
}

// Must the stream's reads and writes be ours (node_streams.hpp)?
bool needs_cookie(const Context& context, int fd) {
  const FdClass what = context.descriptors().classify(fd);
  return what == FdClass::device ||
         (what == FdClass::attribute && (sys::call(SYS_fcntl, fd, F_GETFL).value_or(0) & O_ACCMODE) == O_RDWR);
}

// Is `stream` on an attribute, or on the stand-in of a device? Then `fd` is its descriptor.
bool is_to_harvest(FILE* stream, const RealStdio& stdio, int& fd) {
  const int kept = errno;
  fd = stdio.number(stream);
  errno = kept;
  if (fd < 0 || FdTable::is_foreign(fd)) {
    return false;
  }
  Context* context = Context::get();
  if (context == nullptr) {
    return false;
  }
  const FdClass what = context->descriptors().classify(fd);
  return what == FdClass::attribute || (what == FdClass::device && Descriptors::is_vnode(fd));
}

Result<void> harvest(int fd) {
  Context* context = Context::get();
  const auto node = context->descriptors().node(fd);
  return node ? context->files().harvest(fd, *node) : Result<void>(tl::unexpected(node.error()));
}

int flush_to_attribute(FILE* stream, int fd, const RealStdio& stdio) {
  const int flushed = stdio.flush(stream);
  if (const auto stored = harvest(fd); !stored) {
    constexpr int kErrorSeen = 0x20; // _IO_ERR_SEEN: what ferror() tests
    stream->_flags |= kErrorSeen;
    errno = stored.error().value;
    return EOF;
  }
  return flushed;
}

} // namespace

FILE* open_stream(const char* path, const char* mode, const RealStdio& stdio, FunctionRef<FILE*(const char*)> real) {
  const auto flags = mode == nullptr ? Result<int>(fail(EINVAL)) : flags_of(mode);
  Context* context = path == nullptr || *path == '\0' || !flags ? nullptr : Context::get();
  if (context == nullptr) {
    return real(path);
  }
  if (ProcFiles::is_one(path)) {
    if (const auto fd = ProcFiles({context->store(), context->tree(), context->mappings()}).open(path, *flags);
        fd && *fd >= 0) {
      FILE* stream = stdio.over(*fd, mode);
      if (stream == nullptr) {
        sys::close(*fd);
      }
      return stream;
    }
  }
  return on_path<FILE*>(AT_FDCWD, path,
                        {.likely = may_create_through_link(AT_FDCWD, path, *flags), .makes = (*flags & O_CREAT) != 0},
                        nullptr, real, [&](const Resolution& found) -> Result<FILE*> {
                          const auto fd = open_found(found, *flags);
                          if (!fd) {
                            return tl::unexpected(fd.error());
                          }
                          FILE* stream = open_stream_over(*fd, mode, stdio);
                          if (stream == nullptr) {
                            const int code = errno;
                            sys::close(*fd);
                            return fail(code);
                          }
                          return stream;
                        });
}

FILE* open_stream_over(int fd, const char* mode, const RealStdio& stdio) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  if (context != nullptr && mode != nullptr && needs_cookie(*context, fd)) {
    return NodeStreams::open(fd, mode);
  }
  return stdio.over(fd, mode);
}

FILE* reopen_stream(const char* path, const char* mode, FILE* stream, const RealStdio& stdio,
                    FunctionRef<FILE*(const char*, const char*)> real) {
  const auto flags = mode == nullptr ? Result<int>(fail(EINVAL)) : flags_of(mode);
  int old = -1;
  if (is_to_harvest(stream, stdio, old)) {
    (void)flush_to_attribute(stream, old, stdio);
  }
  FdTable::forget(old);
  if (path == nullptr || *path == '\0' || !flags || Context::get() == nullptr) {
    return real(path, mode);
  }
  return on_path<FILE*>(
      AT_FDCWD, path, {.likely = may_create_through_link(AT_FDCWD, path, *flags), .makes = (*flags & O_CREAT) != 0},
      nullptr, [&](const char* p) { return real(p, mode); },
      [&](const Resolution& found) -> Result<FILE*> {
        const auto fd = open_found(found, *flags);
        if (!fd) {
          return tl::unexpected(fd.error());
        }
        // libc opens it again by number. Never to truncate: behind a device's number are its bytes.
        char link[32];
        std::snprintf(link, sizeof link, "/proc/self/fd/%d", *fd);
        const bool writes = (*flags & O_ACCMODE) != O_RDONLY;
        FILE* reopened = real(link, found.node.type == sysfs::NodeType::device && writes ? "r+" : mode);
        const int code = errno;
        sys::close(*fd);
        FdTable::forget(*fd);
        if (reopened == nullptr) {
          return fail(code);
        }
        return reopened;
      });
}

int flush_stream(FILE* stream, const RealStdio& stdio, FunctionRef<int()> real) {
  if (stream == nullptr) { // every stream
    const int all = real();
    const int out = stdout != nullptr ? flush_stream(stdout, stdio, [] { return 0; }) : 0;
    return all != 0 ? all : out;
  }
  int fd = -1;
  return is_to_harvest(stream, stdio, fd) ? flush_to_attribute(stream, fd, stdio) : real();
}

int close_stream(FILE* stream, const RealStdio& stdio) {
  if (stream == nullptr || NodeStreams::number(stream) >= 0) {
    return stdio.close(stream);
  }
  int fd = -1;
  int code = 0;
  if (is_to_harvest(stream, stdio, fd) && flush_to_attribute(stream, fd, stdio) != 0) {
    code = errno;
  }
  FdTable::forget(fd);
  const int closed = stdio.close(stream);
  if (code != 0) {
    errno = code;
    return EOF;
  }
  return closed;
}

int number_of_stream(FILE* stream, FunctionRef<int()> real) {
  const int fd = NodeStreams::number(stream);
  return fd >= 0 ? fd : real();
}

void flush_at_exit(const RealStdio& stdio) {
  int fd = -1;
  if (Context::get() != nullptr && stdout != nullptr && is_to_harvest(stdout, stdio, fd)) {
    (void)flush_to_attribute(stdout, fd, stdio);
  }
}

} // namespace daxemu::preload
