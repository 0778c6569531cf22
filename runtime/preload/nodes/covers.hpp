// What somebody has mounted on a node (mount --bind FILE /dev/dax0.0). The kernel has no such name: the mount is really
// on a file made for it, a cover, and whoever looks for the node in that mount namespace is sent there. Until the first
// of a platform, nobody looks.
#pragma once

#include <optional>

#include "emu/base/result.hpp"
#include "emu/store/mount_table.hpp"

namespace daxemu::preload {

using store::CoverPath;

// Where what is mounted on the device's node is found from here; nothing: nothing is mounted on it here.
[[nodiscard]] std::optional<CoverPath> cover_of(const store::Store& store, const store::DeviceRecord& device) noexcept;

// A file to mount on in the node's place. Errors: those of open(2) where such files can be.
[[nodiscard]] Result<CoverPath> cover_for(const store::Store& store, const store::DeviceRecord& device);

} // namespace daxemu::preload
