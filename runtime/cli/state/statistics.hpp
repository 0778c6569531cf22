// What the counters of a platform's devices add up to.
#pragma once

#include <string>

#include "emu/store/store.hpp"

namespace daxemu::cli {

struct DeviceTotals {
  std::uint64_t faults = 0;
  std::uint64_t extents = 0;
  std::uint64_t bytes = 0;
  std::uint64_t maps = 0;
  std::uint64_t unmaps = 0;
  std::uint64_t sigbus = 0;
  std::uint64_t ahead = 0;

  // What was added since `before`.
  [[nodiscard]] DeviceTotals since(const DeviceTotals& before) const;
};

// The sum over all counter stripes; each number is exact once the device's users have ended.
[[nodiscard]] DeviceTotals totals_of(const store::DeviceRecord& device);

// One paragraph per device, for people.
[[nodiscard]] std::string statistics_text(const store::Store& store);

} // namespace daxemu::cli
