#include "runtime/preload/streams/stream_calls.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/ground/program_variable.hpp"
#include "runtime/preload/memory/core_dump.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/nodes/node_position.hpp"
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
  return open_node(*Context::get(), found, AT_FDCWD, flags);
}

// Must the stream's reads and writes be ours (node_streams.hpp)?
bool needs_cookie(FdClass what, int fd) {
  return what == FdClass::disk ||
         (what == FdClass::attribute && (sys::call(SYS_fcntl, fd, F_GETFL).value_or(0) & O_ACCMODE) == O_RDWR);
}

// fopen(3)'s mode without the letter m: such a stream asks the kernel for its position each time, until it has found
// that there is nothing to map. Longer modes stay as they are.
class ModeForDevice {
public:
  explicit ModeForDevice(const char* mode) : mode_(mode) {
    if (std::strlen(mode) < without_.size()) {
      const char* const end = std::find(mode, mode + std::strlen(mode), ',');
      *std::copy(end, end + std::strlen(end), std::remove_copy(mode, end, without_.data(), 'm')) = '\0';
      mode_ = without_.data();
    }
  }
  ModeForDevice(const ModeForDevice&) = delete;
  ModeForDevice& operator=(const ModeForDevice&) = delete;
  [[nodiscard]] const char* get() const { return mode_; }

private:
  const char* mode_;
  std::array<char, 32> without_{};
};

// The descriptor of a stream on a device; -1: of any other.
int device_of_stream(const FILE* stream) {
  const int fd = stream == nullptr ? -1 : stream->_fileno;
  if (fd < 0 || FdTable::is_foreign(fd)) {
    return -1;
  }
  const Context* context = Context::get();
  return context != nullptr && context->device_of(fd) != nullptr ? fd : -1;
}

// So that libc does not ask the kernel, nor moves from where the description's position is.
void know_position(FILE* stream) {
  constexpr off_t kUnknown = -1; // _IO_pos_BAD, after a read that failed
  if (stream->_offset == kUnknown) {
    stream->_offset = 0;
  }
}

// libc has moved the position, or may have: the description's goes back to where nothing can be read or written, the
// stream's is the device's, which is always 0.
void settle_stream(FILE* stream, int fd) {
  put_node_position(fd);
  stream->_offset = 0;
}

// Is `stream` on an attribute? Then `fd` is its descriptor.
bool is_to_harvest(FILE* stream, const RealStdio& stdio, int& fd) {
  const int kept = errno;
  fd = stdio.number(stream);
  errno = kept;
  if (fd < 0 || FdTable::is_foreign(fd) || FdTable::is_noted(fd)) { // noted: is only read
    return false;
  }
  Context* context = Context::get();
  if (context == nullptr) {
    return false;
  }
  return context->descriptors().classify(fd) == FdClass::attribute;
}

Result<void> harvest_stream(int fd) {
  Context* context = Context::get();
  const auto node = context->descriptors().node(fd);
  return node ? context->files().harvest(fd, *node) : Result<void>(tl::unexpected(node.error()));
}

int flush_to_attribute(FILE* stream, int fd, const RealStdio& stdio) {
  const int flushed = stdio.flush(stream);
  if (const auto stored = harvest_stream(fd); !stored) {
    constexpr int kErrorSeen = 0x20; // _IO_ERR_SEEN: what ferror() tests
    stream->_flags |= kErrorSeen;
    errno = stored.error().value;
    return EOF;
  }
  return flushed;
}

} // namespace

DAXEMU_START_PATH FILE* open_stream(const char* path, const char* mode, const RealStdio& stdio,
                                    FunctionRef<FILE*(const char*)> real) {
  const auto flags = mode == nullptr ? Result<int>(fail(EINVAL)) : flags_of(mode);
  Context* context = path == nullptr || !is_text(path) || *path == '\0' || !flags ? nullptr : Context::get();
  if (context == nullptr) {
    return real(path);
  }
  if (ProcFiles::is_one(path)) {
    if (const auto fd = ProcFiles({context->store(), context->tree(), context->mappings()}).open(path, *flags);
        fd && *fd >= 0) {
      FILE* stream = stdio.over(*fd, mode);
      if (stream == nullptr) {
        (void)sys::close(*fd);
      }
      return stream;
    }
  }
  FILE* const opened = on_path<FILE*>(AT_FDCWD, path,
                                      {.likely = may_create_through_link(AT_FDCWD, path, *flags),
                                       .readable = true,
                                       .makes = (*flags & O_CREAT) != 0,
                                       .inode = true},
                                      nullptr, real, [&](const Resolution& found) -> Result<FILE*> {
                                        const auto fd = open_found(found, *flags);
                                        if (!fd) {
                                          return tl::unexpected(fd.error());
                                        }
                                        FILE* stream = open_stream_over(*fd, mode, stdio);
                                        if (stream == nullptr) {
                                          const int code = errno;
                                          (void)sys::close(*fd);
                                          return fail(code);
                                        }
                                        return stream;
                                      });
  if (opened != nullptr) {
    CoreDump::opened(path, *flags, opened->_fileno);
  }
  return opened;
}

DAXEMU_START_PATH FILE* open_stream_over(int fd, const char* mode, const RealStdio& stdio) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  const FdClass what = context == nullptr ? FdClass::foreign : context->descriptors().classify(fd);
  if (mode != nullptr && needs_cookie(what, fd)) {
    return NodeStreams::open(fd, mode);
  }
  if (!is_character(what) || mode == nullptr) {
    return stdio.over(fd, mode);
  }
  FILE* stream = stdio.over(fd, ModeForDevice(mode).get());
  if (stream != nullptr) {
    settle_stream(stream, fd);
  }
  return stream;
}

FILE* reopen_stream(const char* path, const char* mode, FILE* stream, const RealStdio& stdio,
                    FunctionRef<FILE*(const char*, const char*)> real) {
  const auto flags = mode == nullptr ? Result<int>(fail(EINVAL)) : flags_of(mode);
  int old = -1;
  if (is_to_harvest(stream, stdio, old)) {
    (void)flush_to_attribute(stream, old, stdio);
  }
  FdTable::forget(old);
  if (path == nullptr || !is_text(path) || *path == '\0' || !flags || Context::get() == nullptr) {
    FILE* reopened = real(path, mode);
    if (const int fd = device_of_stream(reopened); fd >= 0) {
      settle_stream(reopened, fd);
    }
    return reopened;
  }
  return on_path<FILE*>(
      AT_FDCWD, path,
      {.likely = may_create_through_link(AT_FDCWD, path, *flags),
       .readable = true,
       .makes = (*flags & O_CREAT) != 0,
       .inode = true},
      nullptr, [&](const char* p) { return real(p, mode); },
      [&](const Resolution& found) -> Result<FILE*> {
        const auto fd = open_found(found, *flags);
        if (!fd) {
          return tl::unexpected(fd.error());
        }
        char link[32]; // libc opens it again by number
        std::snprintf(link, sizeof link, "/proc/self/fd/%d", *fd);
        const ModeForDevice plain(mode);
        FILE* reopened = real(link, found.node.type == sysfs::NodeType::device ? plain.get() : mode);
        const int code = errno;
        (void)sys::close(*fd);
        FdTable::forget(*fd);
        if (reopened == nullptr) {
          return fail(code);
        }
        if (const int number = device_of_stream(reopened); number >= 0) {
          settle_stream(reopened, number);
        }
        return reopened;
      });
}

int flush_stream(FILE* stream, const RealStdio& stdio, FunctionRef<int()> real) {
  if (stream == nullptr) { // every stream
    const int all = real();
    FILE* const output = *program_output;
    const int out = output != nullptr ? flush_stream(output, stdio, [] { return 0; }) : 0;
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
  CoreDump::closed(fd);
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

int reposition_stream(FILE* stream, FunctionRef<int()> real) {
  const int fd = device_of_stream(stream);
  if (fd < 0) {
    return real();
  }
  ::flockfile(stream);
  know_position(stream);
  const int done = real();
  const int code = errno;
  if (done == 0) {
    settle_stream(stream, fd);
  } else {
    put_node_position(fd);
  }
  ::funlockfile(stream);
  errno = code;
  return done;
}

int seek_stream(FILE* stream, off_t offset, int whence, FunctionRef<int(off_t)> real) {
  // From the end libc asks fstat(2) of a regular file, which is what it sees, and would refuse a negative result.
  const off_t asked = whence == SEEK_END && device_of_stream(stream) >= 0 ? 0 : offset;
  return reposition_stream(stream, [&] { return real(asked); });
}

off_t tell_stream(FILE* stream, FunctionRef<off_t()> real) {
  const int fd = device_of_stream(stream);
  if (fd < 0) {
    return real();
  }
  ::flockfile(stream);
  know_position(stream);
  const off_t place = real();
  const int code = errno;
  put_node_position(fd); // a stream that appends looks for the end
  ::funlockfile(stream);
  errno = code;
  return place;
}

DAXEMU_START_PATH void settle_standard_streams() {
  const Context* context = Context::get();
  for (int fd = STDIN_FILENO; context != nullptr && fd <= STDERR_FILENO; ++fd) {
    const auto about = sys::fstat(fd);
    if (about && !context->descriptors().shows_foreign(fd, *about) && context->device_of(fd) != nullptr) {
      put_node_position(fd);
    }
  }
}

DAXEMU_START_PATH bool flushes_at_exit() {
  const FILE* const output = *program_output;
  return output != nullptr && !FdTable::is_foreign(output->_fileno);
}

void flush_at_exit(const RealStdio& stdio) {
  FILE* const output = *program_output;
  int fd = -1;
  if (Context::get() != nullptr && output != nullptr && is_to_harvest(output, stdio, fd)) {
    (void)flush_to_attribute(output, fd, stdio);
  }
}

} // namespace daxemu::preload
