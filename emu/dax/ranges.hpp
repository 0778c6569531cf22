// A device's size, ranges and alignment: what writes to `size`, `mapping` and `align` do (drivers/dax/bus.c of 6.1).
// The caller holds a Change.
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// size_store() and dev_dax_resize(): grows into the free space of the region, the last range first where it can be
// extended, else by new ranges from the lowest free address on; shrinks from the last range back.
// Errors: EINVAL (not a multiple of the extent and of 2M), EBUSY (bound), ENOSPC (more than the region has),
// ENOMEM (no file for the bytes, no room for another range; what fitted until then stays, as in the kernel).
Result<void> resize(const store::Store& store, store::DeviceRecord& device, std::uint64_t size);

// mapping_store(): appends exactly [start, start + size). Errors: ENXIO (misaligned size), ENOMEM (in use or outside
// the region), EBUSY (size 0 on a device that has ranges).
Result<void> add_range(const store::Store& store, store::DeviceRecord& device, std::uint64_t start, std::uint64_t size);

// align_store(). Errors: EINVAL (not 4K, 2M or 1G; a range is no multiple of it), EBUSY (bound), ENOMEM (its bytes must
// move to pages of another size and cannot).
Result<void> set_align(const store::Store& store, store::DeviceRecord& device, std::uint64_t align);

// Gives all ranges and the bytes back.
void free_ranges(const store::Store& store, store::DeviceRecord& device);

} // namespace daxemu::dax
