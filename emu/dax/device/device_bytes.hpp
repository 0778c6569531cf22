// The file behind a device whose size changes: taken from the platform's files when the device gets its first byte,
// grown, moved when its extents need pages of another size, given back with the last byte. The caller holds a Change.
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// Sees to it that `size` bytes have room, before ranges promise them; huge pages are reserved, so that exhaustion is an
// error here and not a SIGBUS later. An image does not fit any more: the caller detaches it when all else is done.
// Errors: ENOMEM (no file left, no pages left).
Result<void> reserve_bytes(const store::Store& store, store::DeviceRecord& device, std::uint64_t size);

// Cuts the file to the device's size; a device of size 0 gives it back.
void trim_bytes(const store::Store& store, store::DeviceRecord& device);

// Gives the device an empty file of its size instead of the one it has, for somebody else has its bytes. Errors:
// ENOMEM; it has none then.
Result<void> renew_bytes(const store::Store& store, store::DeviceRecord& device);

// The file of a stretch of shared memdevs (emu/nd/share), long enough already, in the place of its own. Errors:
// ENOMEM.
Result<void> take_stretch_file(const store::Store& store, store::DeviceRecord& device, store::BackingSlot& slot);

// Moves the bytes if the file's pages do not suit the device's extents. Errors: ENOMEM.
Result<void> adapt_bytes(const store::Store& store, store::DeviceRecord& device);

// After a changer that died: the device has the file its slot says, whole, and no longer than its ranges; without
// ranges it has none. `device.size` is right already.
void repair_bytes(const store::Store& store, store::DeviceRecord& device);

// Files whose owner does not know of them are empty and free again.
void free_lost_files(const store::Store& store);

} // namespace daxemu::dax
