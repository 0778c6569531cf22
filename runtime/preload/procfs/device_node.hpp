// The node of a device, by its record or by the file that its descriptors are of.
#pragma once

#include <optional>

#include <sys/stat.h>

#include "emu/base/text/fixed_string.hpp"
#include "emu/store/mount_table.hpp"
#include "runtime/preload/procfs/proc_files.hpp"
#include "runtime/preload/procfs/proc_text.hpp"

namespace daxemu::preload {

struct DeviceNode {
  const store::DeviceRecord* device = nullptr;
  FixedString<64> path; // "/dev/dax0.0", "/dev/dax0.0 (deleted)"
  struct stat about = {};
};

// Nothing: no device of the platform, or its node is gone.
[[nodiscard]] inline std::optional<DeviceNode> node_of_device(const ProcSource& source,
                                                              const store::DeviceRecord& device) noexcept {
  DeviceNode node;
  node.device = &device;
  const sysfs::Node found = source.tree.node_of(device);
  const auto about = source.tree.stat(found);
  if (!about) {
    return std::nullopt;
  }
  LineText path;
  path.put(found.path.view()).put(found.gone ? " (deleted)" : "");
  node.path.assign(path.view());
  node.about = *about;
  return node;
}

[[nodiscard]] inline std::optional<DeviceNode> node_of_inode(const ProcSource& source, dev_t dev,
                                                             std::uint64_t inode) noexcept {
  const store::DeviceRecord* device = source.store.device_of_node(dev, inode);
  if (device == nullptr && store::has_binds(source.store)) {
    const auto bind = store::find_bind(source.store, dev, inode);
    device = bind ? bind->device : nullptr;
  }
  return device == nullptr ? std::nullopt : node_of_device(source, *device);
}

} // namespace daxemu::preload
