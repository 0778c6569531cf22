// Devices come and go: what writes to a region's `create` and `delete` do (drivers/dax/bus.c of 6.1). The caller holds
// a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// A new device of size 0 with the lowest free number of the region, its extent that of the region, bound to no driver;
// the region's youngest, and its seed if it has none. Errors: ENOSPC (nothing left of the region), ENOMEM (the
// platform's table is full).
Result<store::DeviceRecord*> create_device(const store::Store& store, store::RegionRecord& region);

// The device that a region of a driver of its own begins with: all of it, in one range. Neither seed nor youngest.
// Errors: ENOMEM (the table is full, no file or no pages for its bytes).
Result<store::DeviceRecord*> create_whole_device(const store::Store& store, store::RegionRecord& region);

// A device with the number that its driver says, absent and `kept` until that shows it. Errors: ENOMEM (the table is
// full).
Result<store::DeviceRecord*> create_static_device(const store::Store& store, store::RegionRecord& region,
                                                  std::uint32_t id);

// Errors: EBUSY (bound, not of size 0, or number 0, which stays as long as the region does).
Result<void> delete_device(const store::Store& store, store::DeviceRecord& device);

} // namespace daxemu::dax
