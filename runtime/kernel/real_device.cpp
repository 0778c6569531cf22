#include "runtime/kernel/real_device.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <unistd.h>

namespace daxemu::kernel {
namespace {

namespace fs = std::filesystem;

// An attribute that is missing or unreadable leaves `value` as it is: older kernels lack some.
template <class Number>
void read_number(const fs::path& file, Number& value) {
  Number read{};
  if (std::ifstream(file) >> read) {
    value = read;
  }
}

// mapping0, mapping1, ... of dynamic regions, else the one range of `resource`.
std::vector<RealDevice::Range> read_ranges(const fs::path& device, std::uint64_t size) {
  std::vector<RealDevice::Range> ranges;
  const auto read_hex = [](const fs::path& file) -> std::uint64_t {
    std::string text;
    return std::ifstream(file) >> text ? std::strtoull(text.c_str(), nullptr, 16) : 0;
  };
  for (int number = 0;; ++number) {
    const fs::path mapping = device / ("mapping" + std::to_string(number));
    const std::uint64_t start = read_hex(mapping / "start");
    const std::uint64_t end = read_hex(mapping / "end");
    if (start == 0 || end < start) {
      break;
    }
    ranges.push_back({read_hex(mapping / "page_offset"), start, end - start + 1});
  }
  if (const std::uint64_t start = read_hex(device / "resource"); ranges.empty() && start != 0) {
    ranges.push_back({0, start, size});
  }
  std::uint64_t sum = 0;
  for (const RealDevice::Range& range : ranges) {
    sum += range.size;
  }
  return sum == size ? ranges : std::vector<RealDevice::Range>();
}

} // namespace

std::vector<RealDevice> real_devices(const std::string& bus) {
  std::vector<RealDevice> devices;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(bus, none)) {
    RealDevice device;
    device.name = entry.path().filename();
    read_number(entry.path() / "size", device.size);
    read_number(entry.path() / "align", device.align);
    read_number(entry.path() / "target_node", device.target_node);
    read_number(entry.path() / "numa_node", device.numa_node);
    device.ranges = read_ranges(entry.path(), device.size);
    std::error_code unbound;
    device.driver = fs::read_symlink(entry.path() / "driver", unbound).filename();
    devices.push_back(std::move(device));
  }
  std::sort(devices.begin(), devices.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return devices;
}

Result<RealDevice> real_device(const std::string& name, const std::string& bus) {
  for (RealDevice& device : real_devices(bus)) {
    if (device.name == name) {
      return std::move(device);
    }
  }
  return fail(ENODEV);
}

bool is_usable(const RealDevice& device) {
  return device.driver == "device_dax" && device.size > 0 && ::access(("/dev/" + device.name).c_str(), F_OK) == 0;
}

} // namespace daxemu::kernel
