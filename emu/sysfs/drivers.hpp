// The drivers of the dax bus.
#pragma once

#include <array>

#include "emu/sysfs/schema.hpp"

namespace daxemu::sysfs {

struct Driver {
  std::string_view name;
  store::DeviceState state; // of a device bound to it
};

inline constexpr std::array<Driver, 2> kDaxDrivers = {{
    {"device_dax", store::DeviceState::enabled},
    {"kmem", store::DeviceState::system_ram},
}};

// The driver the scope's device is bound to, or nullptr.
[[nodiscard]] inline const Driver* driver_of(const store::DeviceRecord& device) {
  const store::DeviceState state = device.state.load(std::memory_order_acquire);
  for (const Driver& driver : kDaxDrivers) {
    if (driver.state == state) {
      return &driver;
    }
  }
  return nullptr;
}

} // namespace daxemu::sysfs
