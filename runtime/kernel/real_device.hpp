// The device-dax devices this machine really has, as its own sysfs describes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/base/result.hpp"

namespace daxemu::kernel {

struct RealDevice {
  std::string name;        // dax0.0
  std::uint64_t size = 0;  // bytes
  std::uint64_t align = 0; // bytes
  int target_node = -1;
  int numa_node = -1;
  std::string driver; // device_dax, kmem, or empty
  // Where its memory is, in the order it is mapped; empty where the attributes may not be read (root only).
  struct Range {
    std::uint64_t pgoff = 0; // 4K pages from the device's start
    std::uint64_t start = 0; // physical address
    std::uint64_t size = 0;  // bytes
  };
  std::vector<Range> ranges;
};

// Every device on the dax bus, by name. Empty where there is no bus. `bus` is a test's copy of the directory.
[[nodiscard]] std::vector<RealDevice> real_devices(const std::string& bus = "/sys/bus/dax/devices");

// The device `name` (dax0.0). Errors: ENODEV.
[[nodiscard]] Result<RealDevice> real_device(const std::string& name, const std::string& bus = "/sys/bus/dax/devices");

// Can a program open it: bound to device_dax, and its node is in /dev?
[[nodiscard]] bool is_usable(const RealDevice& device);

} // namespace daxemu::kernel
