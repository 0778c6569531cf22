// The drivers of the dax bus, and which of them a device is bound to.
#pragma once

#include <array>
#include <string_view>

#include "emu/store/records.hpp"

namespace daxemu::dax {

struct Driver {
  std::string_view name;
  store::DeviceState state; // of a device bound to it
  bool match_always;        // takes every device; otherwise only those named by new_id (dax_bus_match)
};

// In the order they are asked: device_dax is loaded before kmem.
inline constexpr std::array<Driver, 2> kDrivers = {{
    {"device_dax", store::DeviceState::enabled, true},
    {"kmem", store::DeviceState::system_ram, false},
}};

// The driver the device is bound to, or nullptr.
[[nodiscard]] inline const Driver* driver_of(const store::DeviceRecord& device) {
  const store::DeviceState state = device.state.load(std::memory_order_acquire);
  for (const Driver& driver : kDrivers) {
    if (driver.state == state) {
      return &driver;
    }
  }
  return nullptr;
}
[[nodiscard]] inline bool is_bound(const store::DeviceRecord& device) {
  return driver_of(device) != nullptr;
}

} // namespace daxemu::dax
