// What a core dump of this process says of its mappings of devices: the filter that the program sets, and how they look
// when it ends itself.
#pragma once

#include <atomic>

#include "runtime/preload/ground/fd_table.hpp"

namespace daxemu::preload {

class CoreDump {
public:
  // Would opening `path` with `flags` of open(2) allow to change a coredump_filter? `path` is a text.
  [[nodiscard]] static bool is_filter(const char* path, int flags) noexcept;
  // `path` was opened as `fd`: what is written there is heard of when it is closed.
  static void opened(const char* path, int flags, int fd) noexcept {
    if (is_filter(path, flags)) {
      FdTable::watch_closes();
      filter_.store(fd, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] static bool is_filter(int fd) noexcept {
    return fd >= 0 && fd == filter_.load(std::memory_order_relaxed);
  }
  // `fd` has been closed.
  static void closed(int fd) noexcept {
    if (is_filter(fd)) {
      follow();
    }
  }
  // abort(3) is about to be called. Async-signal-safe.
  static void before_abort() noexcept;

private:
  static void follow() noexcept;

  static std::atomic<int> filter_; // the last that was opened and is not closed, or -1
};

} // namespace daxemu::preload
