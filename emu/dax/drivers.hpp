// The drivers of the dax bus, and which of them a device is bound to.
#pragma once

#include <array>
#include <string_view>

#include "emu/base/profile.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::dax {

struct Driver {
  std::string_view name;
  store::DeviceState state; // of a device bound to it
  bool opens;               // the device's node can be opened while it is bound
};

// In the order they are asked: device_dax is loaded before the others.
inline constexpr std::array kDrivers = {
    Driver{.name = "device_dax", .state = store::DeviceState::enabled, .opens = true},
    Driver{.name = "kmem", .state = store::DeviceState::system_ram, .opens = false},
    Driver{.name = "fsdev_dax", .state = store::DeviceState::fsdev, .opens = true},
};
inline constexpr const Driver& kDeviceDax = kDrivers[0];
inline constexpr const Driver& kKmem = kDrivers[1];
inline constexpr const Driver& kFsdevDax = kDrivers[2];

// Has that kernel this driver?
[[nodiscard]] constexpr bool has_driver(const Profile& kernel, const Driver& driver) {
  return &driver != &kFsdevDax || kernel.has_fsdev;
}

// The driver of a device in that state, or nullptr.
[[nodiscard]] constexpr const Driver* driver_of(store::DeviceState state) {
  for (const Driver& driver : kDrivers) {
    if (driver.state == state) {
      return &driver;
    }
  }
  return nullptr;
}
// The driver the device is bound to, or nullptr.
[[nodiscard]] inline const Driver* driver_of(const store::DeviceRecord& device) {
  return driver_of(device.state.load(std::memory_order_acquire));
}
[[nodiscard]] inline bool is_bound(const store::DeviceRecord& device) {
  return driver_of(device) != nullptr;
}
// Is there a character device behind the node (chrdev_open)?
[[nodiscard]] inline bool is_openable(const store::DeviceRecord& device) {
  const Driver* driver = driver_of(device);
  return driver != nullptr && driver->opens;
}

} // namespace daxemu::dax
