// daxX.Y: X is the region's id, Y the device's within it (dev_set_name in drivers/dax/bus.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "emu/base/result.hpp"

namespace daxemu::dax {

struct DeviceName {
  std::uint32_t region = 0;
  std::uint32_t id = 0;
};

// "dax0.1" or "/dev/dax0.1". Errors: EINVAL for anything else (leading zeros included: the kernel prints none).
[[nodiscard]] Result<DeviceName> parse_device_name(std::string_view text);

} // namespace daxemu::dax
