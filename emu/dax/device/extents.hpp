// Arithmetic between a device's bytes, its extents and its emulated physical addresses.
#pragma once

#include "emu/base/result.hpp"
#include "emu/base/units.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::dax {

[[nodiscard]] inline std::uint64_t extent_count(const store::DeviceRecord& device) {
  return device.align == 0 ? 0 : device.size.load(std::memory_order_acquire) / device.align;
}
[[nodiscard]] inline ExtentIndex extent_of(const store::DeviceRecord& device, ByteOffset offset) {
  return ExtentIndex(offset.value() / device.align);
}
[[nodiscard]] inline ByteOffset start_of(const store::DeviceRecord& device, ExtentIndex extent) {
  return ByteOffset(extent.value() * device.align);
}

// The emulated physical address of byte `offset` of the device (dax_pgoff_to_phys in drivers/dax/device.c).
// Errors: ENXIO beyond the device's ranges.
[[nodiscard]] inline Result<PhysAddr> phys_of(const store::DeviceRecord& device, ByteOffset offset) {
  for (std::uint32_t at = 0; at < device.nr_ranges && at < store::kMaxRanges; ++at) {
    const store::RangeRecord& range = device.ranges[at];
    const std::uint64_t begin = range.pgoff << kPageShift;
    if (offset.value() >= begin && offset.value() - begin < range.size) {
      return PhysAddr(range.phys_start + (offset.value() - begin));
    }
  }
  return fail(ENXIO);
}

} // namespace daxemu::dax
