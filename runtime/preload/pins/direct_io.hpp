// What reading and writing files asks of a device's memory it is given: that the kernel's touches find it present
// (pretouch.hpp), and, by O_DIRECT, a reference to each page for as long as the call lasts. Here the calls
// that return when all is done; libaio's requests are in aio_pins.hpp. What io_uring has in flight is between the
// program and the kernel.
#pragma once

#include <optional>

#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/pins/held_range.hpp"

namespace daxemu::preload {

// What the call does with the program's memory.
enum class MemoryIs : bool { read, written };

// How many bytes a call on `fd` can move without the page cache: 0 unless O_DIRECT, and no more than a file has to
// give.
[[nodiscard]] std::size_t direct_room(int fd, MemoryIs use);

// Lives as long as the call. `caller`: the return address of the hook.
class DirectIo {
public:
  DirectIo(int fd, MemoryIs use, const void* address, std::size_t length, const void* caller) {
    if (concerns(address, length)) [[unlikely]] {
      begin(fd, use, address, length, caller);
    }
  }
  DirectIo(int fd, MemoryIs use, const iovec* pieces, int count, const void* caller) {
    if (concerns(pieces, count)) [[unlikely]] {
      begin(fd, use, pieces, count, caller);
    }
  }

  // May this memory be a device's?
  [[nodiscard]] static bool concerns(const void* address, std::size_t length) {
    return live_space.concerned(address, length) != nullptr;
  }
  [[nodiscard]] static bool concerns(const iovec* /*pieces*/, int /*count*/) {
    return live_space.concerned(nullptr, SIZE_MAX) != nullptr;
  }

private:
  void begin(int fd, MemoryIs use, const void* address, std::size_t length, const void* caller);
  void begin(int fd, MemoryIs use, const iovec* pieces, int count, const void* caller);
  void hold(MemoryIs use, iovec piece, std::size_t& room, const void* caller);

  std::optional<HeldRange> held_;
};

} // namespace daxemu::preload
