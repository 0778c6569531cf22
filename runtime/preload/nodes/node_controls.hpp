// ioctl(2) of the drivers of character devices that are no dax devices: memdevs of CXL (drivers/cxl/core/memdev.c),
// DIMMs and the nd bus (drivers/nvdimm/bus.c).
#pragma once

#include "emu/base/kernel/user_memory.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/schema/node.hpp"

namespace daxemu::preload {

// `flags` are those that the descriptor is open with (F_GETFL), `memory` that of who asks, where `argument` is. Errors:
// the driver's; ENOTTY: it has no such request.
Result<void> control_node(const store::Store& store, const sysfs::Node& node, int flags, unsigned request,
                          std::uint64_t argument, const UserMemory& memory);

} // namespace daxemu::preload
