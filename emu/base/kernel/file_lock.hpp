// A write lock on a file, or on its first byte only, for whoever changes what processes share. The kernel drops it when
// its holder dies. An open file description lock on a description of its own, so that threads and forked children
// exclude each other too (a POSIX record lock would not). Given back by unlocking, not by closing alone: a child that
// was forked meanwhile has a copy of the description, and would hold the lock for the rest of its life.
#pragma once

#include <cstdint>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu {

class FileLock {
public:
  // Blocks until held. `file` is any descriptor of it; `bytes`: how much of it, from its beginning on (0: all). Errors:
  // open(2)'s (of /proc/self/fd), fcntl(2)'s but EINTR.
  [[nodiscard]] static Result<FileLock> take(int file, std::int64_t bytes = 0);
  // The same of byte `at`, at once: a mark that others see (is_marked) for as long as this process lives. Errors:
  // EAGAIN (another has it), and as above.
  [[nodiscard]] static Result<UniqueFd> mark(int file, std::int64_t at);
  // Has anybody the mark at byte `at`? Errors: as above.
  [[nodiscard]] static Result<bool> is_marked(int file, std::int64_t at);
  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

} // namespace daxemu
