// The memory blocks of devices in system-ram mode (drivers/dax/kmem.c, drivers/base/memory.c). Blocks have states and
// numbers as in the kernel; the memory itself stays where it is and never becomes RAM of this machine.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// Calls for the number of each block of a device that is RAM, be it that kmem could not take it back, ascending within
// a range, until told to stop.
void each_block(const store::Store& store, const store::DeviceRecord& device, FunctionRef<bool(std::uint64_t)> each);
// The same of the blocks that a device consists of, whether or not it is RAM.
void each_whole_block(const store::Store& store, const store::DeviceRecord& device,
                      FunctionRef<bool(std::uint64_t)> each);

// Is the block one of those?
[[nodiscard]] bool consists_of(const store::Store& store, const store::DeviceRecord& device, std::uint64_t block);

// Every block of the platform that is RAM, those of devices first, with the region it is in.
void each_ram_block(const store::Store& store, FunctionRef<bool(std::uint64_t, store::RegionRecord&)> each);

// `number` of such a block; nullptr beyond what the platform has room for.
[[nodiscard]] store::MemoryBlockRecord* block_record(const store::Store& store, std::uint64_t number);

// dev_dax_kmem_probe(): the whole blocks within the device's ranges appear, offline. Errors: EINVAL (no node, or no
// whole block), EBUSY (one of them is RAM that was left), ENOMEM (more than the platform has room for).
Result<void> add_memory(const store::Store& store, store::DeviceRecord& device);

// They go online, where `policy` says so; the device's `state` tells of it.
void online_memory(const store::Store& store, store::DeviceRecord& device, store::OnlinePolicy policy);

// state_store() of drivers/dax/kmem.c, of a device that kmem has: memory that was unplugged comes back and goes online.
// Errors: EBUSY (plugged in otherwise), those of add_memory.
Result<void> plug_memory(const store::Store& store, store::DeviceRecord& device, store::OnlinePolicy policy);
// The same for "unplugged": its blocks go offline and away. Errors: EBUSY (one of them is in use; all of them stay).
Result<void> unplug_memory(const store::Store& store, store::DeviceRecord& device);

// state_store() of drivers/base/memory.c: changes a block that exists. Online without a zone means the zone its
// neighbours suggest. Errors: EINVAL (it is so already; device_online() and device_offline() then return 1), EBUSY (the
// kernel uses it itself).
Result<void> set_block(const store::Store& store, std::uint64_t block, store::OnlinePolicy policy);

// The zone an offline block would go to by default (zone_for_pfn_range): movable if its node's movable zone spans it
// and the normal one does not.
[[nodiscard]] bool is_movable_by_default(const store::Store& store, std::uint64_t block);

// dev_dax_kmem_remove(): they go, range by range; where one of them is online those of its range stay for good
// (left_memory.hpp).
void remove_memory(const store::Store& store, const store::DeviceRecord& device);

// Is some of the device's memory still RAM that kmem could not take back from it, or from another before it?
[[nodiscard]] bool has_left_memory(const store::Store& store, const store::DeviceRecord& device);

} // namespace daxemu::dax
