#include "runtime/fault/devices/touch_streams.hpp"

#include <algorithm>
#include <bit>

namespace daxemu::fault {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::uint64_t kSilent = 3;      // faults in a row that are still chance
constexpr std::uint64_t kFirstWindow = 4; // extents
constexpr std::uint64_t kLongestRun = 16; // long enough for the largest window
constexpr std::uint64_t kFewStrays = 8;

std::uint64_t window_after(std::uint64_t run) {
  return run <= kSilent ? 0 : std::min(kFirstWindow << (run - kSilent - 1), TouchStreams::kMostAhead);
}

} // namespace

TouchStreams& TouchStreams::operator=(TouchStreams&& other) noexcept {
  for (std::size_t at = 0; at < streams_.size(); ++at) {
    streams_[at].store(other.streams_[at].load(kRelaxed), kRelaxed);
  }
  oldest_.store(other.oldest_.load(kRelaxed), kRelaxed);
  strays_.store(other.strays_.load(kRelaxed), kRelaxed);
  return *this;
}

std::uint64_t TouchStreams::touched(std::uint64_t extent, bool told) noexcept {
  for (auto& stream : streams_) {
    const std::uint64_t word = stream.load(kRelaxed);
    if (word >> kRunBits == extent) {
      const std::uint64_t run = std::min((word & ((1U << kRunBits) - 1)) + 1, kLongestRun);
      if (run > kSilent) { // else chance: all over a small device, one in a few is where a stream was expected
        strays_.store(0, kRelaxed);
      }
      stream.store((extent + 1) << kRunBits | run, kRelaxed);
      return window_after(told ? run + kSilent : run);
    }
  }
  for (const auto& stream : streams_) { // a second thread, with the same extent: no news
    if (stream.load(kRelaxed) >> kRunBits == extent + 1) {
      return 0;
    }
  }
  strays_.fetch_add(1, kRelaxed);
  streams_[oldest_.fetch_add(1, kRelaxed) % streams_.size()].store((extent + 1) << kRunBits | 1, kRelaxed);
  return told ? window_after(1 + kSilent) : 0;
}

std::uint64_t TouchStreams::around() const noexcept {
  const std::uint64_t strays = strays_.load(kRelaxed);
  return strays < kFewStrays ? 0 : std::min(std::bit_floor(strays) / 2, kMostAround);
}

void TouchStreams::mapped_ahead(std::uint64_t extent, std::uint64_t count) noexcept {
  for (auto& stream : streams_) {
    const std::uint64_t word = stream.load(kRelaxed);
    if (word >> kRunBits == extent + 1) {
      stream.store(word + (count << kRunBits), kRelaxed);
      return;
    }
  }
}

} // namespace daxemu::fault
