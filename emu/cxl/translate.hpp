// From host to device addresses and back, as a region's decoders interleave (CXL 3.0 8.2.4.19.13; cxl_dpa_to_hpa).
#pragma once

#include <cstdint>
#include <optional>

#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

struct DeviceAddress {
  std::uint32_t memdev = 0; // reference
  std::uint64_t dpa = 0;    // bytes
};

// Of byte `offset` of a region that has all its targets: the device's byte it is. Nothing: behind its end.
[[nodiscard]] std::optional<DeviceAddress> to_device(const store::Store& store, const CxlRegionRecord& region,
                                                     std::uint64_t offset);
struct RegionOffset {
  CxlRegionRecord* region = nullptr;
  std::uint64_t offset = 0; // bytes
};
// The committed region's byte that a device's byte is. Nothing: no region decodes it.
[[nodiscard]] std::optional<RegionOffset> to_region(const store::Store& store, const CxlMemdevRecord& memdev,
                                                    std::uint64_t dpa);

} // namespace daxemu::cxl
