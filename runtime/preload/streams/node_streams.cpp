#include "runtime/preload/streams/node_streams.hpp"

#include <array>
#include <atomic>
#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {
namespace {

struct Entry {
  std::atomic<FILE*> stream{nullptr};
  std::atomic<int> number{0}; // descriptor + 1; 0: free
};
constinit std::array<Entry, 64> entries{};
DAXEMU_OFTEN constinit std::atomic<int> open_count{0};

int fd_of(void* cookie) {
  return static_cast<Entry*>(cookie)->number.load() - 1;
}

ssize_t read_node(void* cookie, char* into, size_t size) {
  const int fd = fd_of(cookie);
  const iovec piece{into, size};
  return read_slow(fd, &piece, 1, kAtPosition, [=] {
    return libc_value<ssize_t>(sys::call(SYS_read, fd, reinterpret_cast<long>(into), static_cast<long>(size)), -1);
  });
}
ssize_t write_node(void* cookie, const char* from, size_t size) {
  const int fd = fd_of(cookie);
  const iovec piece{const_cast<char*>(from), size};
  const ssize_t written = write_slow(fd, &piece, 1, kAtPosition, [=] {
    return libc_value<ssize_t>(sys::call(SYS_write, fd, reinterpret_cast<long>(from), static_cast<long>(size)), -1);
  });
  return written < 0 ? 0 : written; // how a cookie says that it failed
}
int seek_node(void* cookie, off64_t* offset, int whence) {
  const int fd = fd_of(cookie);
  const off_t place =
      seek_slow(fd, *offset, whence, [=] { return libc_value<off_t>(sys::call(SYS_lseek, fd, *offset, whence), -1); });
  if (place < 0) {
    return -1;
  }
  *offset = place;
  return 0;
}
int close_node(void* cookie) {
  auto* entry = static_cast<Entry*>(cookie);
  entry->stream.store(nullptr);
  const int fd = entry->number.exchange(0) - 1;
  open_count.fetch_sub(1);
  FdTable::forget(fd);
  return as_int(sys::close(fd));
}

} // namespace

FILE* NodeStreams::open(int fd, const char* mode) {
  for (Entry& entry : entries) {
    int expected = 0;
    if (!entry.number.compare_exchange_strong(expected, fd + 1)) {
      continue;
    }
    FILE* stream =
        ::fopencookie(&entry, mode, {.read = read_node, .write = write_node, .seek = seek_node, .close = close_node});
    if (stream == nullptr) {
      entry.number.store(0);
      return nullptr;
    }
    entry.stream.store(stream);
    open_count.fetch_add(1, std::memory_order_release);
    return stream;
  }
  errno = EMFILE;
  return nullptr;
}

DAXEMU_START_PATH int NodeStreams::number(FILE* stream) noexcept {
  if (open_count.load(std::memory_order_acquire) == 0) {
    return -1;
  }
  for (const Entry& entry : entries) {
    if (entry.stream.load() == stream) {
      return entry.number.load() - 1;
    }
  }
  return -1;
}

} // namespace daxemu::preload
