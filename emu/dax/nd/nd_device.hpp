// The device that a namespace in devdax mode is: there while a dax of the nd bus is bound. The caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax::nd {

// The record of the region's memory, whether or not anybody has that device; nullptr: the table is damaged.
[[nodiscard]] store::DeviceRecord* device_of(const store::Store& store, const store::RegionRecord& region);

// A uuid of version 4 made of the platform's birth and the region's number, so that it stays the same.
[[nodiscard]] store::Uuid new_uuid(const store::Store& store, const store::RegionRecord& region);

// daxX.0 with the extents and the place of the data that the region's info block says, bound to device_dax. Its bytes
// are those it had; extents of another size, or data that begins elsewhere, begin zeroed.
// Errors: ENOMEM (no file or pages for that), EINVAL (the table is damaged), those of `bring`.
Result<void> add_dax_device(const store::Store& store, store::RegionRecord& region, Bring bring);
void remove_dax_device(const store::Store& store, store::RegionRecord& region);

} // namespace daxemu::dax::nd
