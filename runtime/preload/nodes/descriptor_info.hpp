// /proc/PID/fdinfo/N of a device's descriptor, as a device-dax's says it: at position 0, of the node's inode.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::preload {

// Is it such a file by its name?
[[nodiscard]] bool is_descriptor_info(const char* path) noexcept;

// A descriptor of the file as it is now; -1: it is of no device, so that the real one can be opened. No allocation.
// Errors: open(2)'s.
[[nodiscard]] Result<int> open_descriptor_info(const char* path, int flags, const store::Store& store,
                                               const sysfs::Tree& tree) noexcept;

} // namespace daxemu::preload
