// The node of a device, by its record or by the file that its descriptors are of.
#pragma once

#include <optional>

#include <sys/stat.h>

#include "emu/base/fixed_string.hpp"
#include "runtime/preload/procfs/proc_files.hpp"

namespace daxemu::preload {

struct DeviceNode {
  const store::DeviceRecord* device = nullptr;
  FixedString<48> path; // "/dev/dax0.0"
  struct stat about = {};
};

// Nothing: no device of the platform, or its node is gone.
[[nodiscard]] inline std::optional<DeviceNode> node_of_device(const ProcSource& source,
                                                              const store::DeviceRecord& device) noexcept {
  DeviceNode node;
  node.device = &device;
  const auto name = source.store.name_of(device);
  std::array<char, 48> path{};
  constexpr std::string_view kDev = "/dev/";
  std::memcpy(path.data(), kDev.data(), kDev.size());
  std::memcpy(path.data() + kDev.size(), name.c_str(), name.view().size());
  node.path.assign(path.data());
  const auto found = source.tree.lookup(node.path.view());
  const auto about = found ? source.tree.stat(*found) : Result<struct stat>(tl::unexpected(found.error()));
  if (!about) {
    return std::nullopt;
  }
  node.about = *about;
  return node;
}

[[nodiscard]] inline std::optional<DeviceNode> node_of_inode(const ProcSource& source, dev_t dev,
                                                             std::uint64_t inode) noexcept {
  const store::DeviceRecord* device = source.store.device_of_node(dev, inode);
  return device == nullptr ? std::nullopt : node_of_device(source, *device);
}

} // namespace daxemu::preload
