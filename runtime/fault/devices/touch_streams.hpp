// Who goes through a device extent by extent? What readahead asks of a file (mm/readahead.c), asked of faults: a few
// streams at once, each with a window that grows while its faults go on where they are expected. A guess and nothing
// more: threads may race here, and what is lost then is an extent mapped ahead.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace daxemu::fault {

class TouchStreams {
public:
  static constexpr std::uint64_t kMostAhead = 64;  // extents
  static constexpr std::uint64_t kMostAround = 64; // extents, a power of two

  TouchStreams() = default;
  TouchStreams(TouchStreams&& other) noexcept { *this = std::move(other); }
  TouchStreams& operator=(TouchStreams&& other) noexcept; // before other threads see either
  TouchStreams(const TouchStreams&) = delete;
  TouchStreams& operator=(const TouchStreams&) = delete;
  ~TouchStreams() = default;

  // `extent` faults. Returns how many extents behind it the program will probably touch next: 0 for the first three
  // faults in a row (for none if it is `told` to be sequential, as by MADV_SEQUENTIAL), then 4, 8, ... kMostAhead.
  [[nodiscard]] std::uint64_t touched(std::uint64_t extent, bool told) noexcept;
  // A program whose faults follow no stream is probably all over the device: how many extents, those around the one
  // that faults, are worth mapping where that costs little (fault-around, do_fault_around() in mm/memory.c). 0 for the
  // first 7 such faults since a stream had a window, then a quarter to half as many as there were of them, to
  // kMostAround: what is mapped in vain is never more than what such a program has shown to be worth.
  [[nodiscard]] std::uint64_t around() const noexcept;
  // The `count` extents behind `extent` will not fault any more: the stream's next fault is behind them.
  void mapped_ahead(std::uint64_t extent, std::uint64_t count) noexcept;

private:
  // One word each: the extent that is expected to fault next, and how many have as expected. All zero is a stream that
  // begins where the device does.
  static constexpr unsigned kRunBits = 8;
  std::array<std::atomic<std::uint64_t>, 4> streams_{};
  std::atomic<unsigned> oldest_{0};
  std::atomic<unsigned> strays_{0}; // faults that began a stream, since one had a window
};

} // namespace daxemu::fault
