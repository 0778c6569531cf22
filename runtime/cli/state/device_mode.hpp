// What daxctl calls the mode of a device, by its driver.
#pragma once

#include <array>
#include <string_view>

#include "emu/dax/drivers.hpp"

namespace daxemu::cli {

struct DeviceMode {
  const char* text;
  const dax::Driver* driver;
};
inline constexpr std::array kModes = {
    DeviceMode{"devdax", &dax::kDeviceDax}, DeviceMode{"system-ram", &dax::kKmem},
    DeviceMode{"famfs", &dax::kFsdevDax}, // since daxctl 85
};

// Of a device bound to the driver of that name; "devdax" where it is none of these (daxctl then says "disabled"
// besides).
[[nodiscard]] constexpr const char* mode_of_driver(std::string_view driver) {
  for (const DeviceMode& mode : kModes) {
    if (mode.driver->name == driver) {
      return mode.text;
    }
  }
  return kModes.front().text;
}
[[nodiscard]] constexpr const char* mode_of(store::DeviceState state) {
  const dax::Driver* driver = dax::driver_of(state);
  return mode_of_driver(driver == nullptr ? std::string_view() : driver->name);
}

} // namespace daxemu::cli
