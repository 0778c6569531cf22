// Memory that stays without a device: what kmem could not take back because a block of the range was online
// (remove_memory() in dev_dax_kmem_remove(), drivers/dax/kmem.c). Its blocks live on, can go off and on line, and its
// resource keeps the name of the device and the addresses, whatever becomes of the device, until the platform ends.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// Blocks [first, end) that one range of dax(region).(id) left.
struct LeftRange {
  store::RegionRecord* region = nullptr;
  std::uint32_t id = 0;
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

// Marks blocks [first, end) of the device as left.
void leave_memory(const store::Store& store, const store::DeviceRecord& device, std::uint64_t first, std::uint64_t end);

[[nodiscard]] bool is_left(const store::Store& store, std::uint64_t block);

// Is any byte of [start, start + size) in memory that was left? A driver cannot claim it then (request_mem_region).
[[nodiscard]] bool overlaps_left_memory(const store::Store& store, std::uint64_t start, std::uint64_t size);

// Calls for each such range, ascending within a region, until told to stop.
void each_left_range(const store::Store& store, FunctionRef<bool(const LeftRange&)> each);

} // namespace daxemu::dax
