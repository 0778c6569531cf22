// The stretches of a file that are no holes (lseek(2), SEEK_DATA and SEEK_HOLE), in order. Where the file system cannot
// say, all of it.
#pragma once

#include <algorithm>
#include <cstdint>

#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::backing {

class DataWalk {
public:
  // Of bytes [begin, end) of `fd`, whose position this moves.
  DataWalk(int fd, std::uint64_t begin, std::uint64_t end) : fd_(fd), stop_(end), end_(begin) {}

  // Is there another one? Its bytes are [begin(), end()).
  [[nodiscard]] bool next() {
    if (end_ >= stop_) {
      return false;
    }
    begin_ = seek(SEEK_DATA, end_, ENXIO); // ENXIO: nothing but a hole from there on
    end_ = begin_ >= stop_ ? stop_ : std::min(seek(SEEK_HOLE, begin_, 0), stop_);
    return begin_ < stop_;
  }
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }

private:
  [[nodiscard]] std::uint64_t seek(int whence, std::uint64_t from, int none) const {
    const auto found = sys::call(SYS_lseek, fd_, static_cast<long>(from), whence);
    if (found) {
      return std::max(static_cast<std::uint64_t>(*found), from);
    }
    return found.error().value == none || whence == SEEK_HOLE ? stop_ : from;
  }

  int fd_;
  std::uint64_t stop_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_;
};

} // namespace daxemu::backing
