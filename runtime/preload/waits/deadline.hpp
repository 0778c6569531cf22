// When a waiting call ends, whatever happens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>

#include "emu/base/clock.hpp"
#include "runtime/preload/waits/readiness.hpp"

namespace daxemu::preload {

class Deadline {
public:
  static constexpr std::int64_t kNever = -1;

  // `after` in ns; below 0: never.
  explicit Deadline(std::int64_t after)
      : at_(after < 0 ? kNever : static_cast<std::int64_t>(clock_ns(CLOCK_MONOTONIC)) + after) {}

  // ns, 0: it is over; kNever.
  [[nodiscard]] std::int64_t left() const {
    return at_ == kNever ? kNever
                         : std::max<std::int64_t>(0, at_ - static_cast<std::int64_t>(clock_ns(CLOCK_MONOTONIC)));
  }
  // How long to wait until the next look.
  [[nodiscard]] std::int64_t slice() const {
    const std::int64_t rest = left();
    return rest == kNever ? kLookEvery : std::min(rest, kLookEvery);
  }

private:
  std::int64_t at_;
};

// Of a timeout as the calls take it; no such one: kNever.
[[nodiscard]] inline std::int64_t nanoseconds(const timespec* timeout) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kMost = std::int64_t{1} << 33; // s: three hundred years
  return timeout == nullptr ? Deadline::kNever
                            : std::min<std::int64_t>(timeout->tv_sec, kMost) * kSecond + timeout->tv_nsec;
}

} // namespace daxemu::preload
