// Adds regions and devices to a store, with the kernel's rules on sizes and addresses.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/base/result.hpp"
#include "emu/dax/device/device_name.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// Where the first region begins. The guest that our expectations come from has its persistent or soft-reserved memory
// at 5 GiB too.
inline constexpr std::uint64_t kFirstRegionStart = 5ULL << 30;

struct RegionSpec {
  store::RegionKind kind = store::RegionKind::hmem;
  std::uint32_t id = 0;
  std::uint64_t data_size = 0; // bytes its devices can have together
  std::uint64_t align = 0;     // bytes: extent size of a pmem namespace; hmem regions are 2M whatever it is
  std::int32_t numa_node = 0;  // the machine's nearest node; -1: none
  std::optional<std::int32_t> target_node = std::nullopt; // the memory's own, should it become RAM; nothing: numa_node
  std::uint64_t phys_start = 0;                           // lowest address it may begin at; 0: kFirstRegionStart
  store::CpuMask cpus{}; // of the machine's node its devices are placed on; all zero: anywhere
};

// The driver a device begins with: one of them, as an administrator has given it the device, none, or the one that
// takes it by itself, if any does.
enum class FirstDriver : std::uint8_t { device_dax, kmem, fsdev_dax, none, kernels };

struct DeviceSpec {
  DeviceName name;
  std::uint64_t size = 0; // bytes
  std::uint64_t align = 0;
  store::NodeRecord node;
  store::BackingRecord backing;
  FixedString<128> folios_location;
  FixedString<256> image; // file its contents are kept in; empty: none
  bool snapshot = false;  // the image is read and never written
  store::CpuMask cpus{};
  std::optional<store::Uuid> uuid = std::nullopt; // of its namespace, in a pmem region
  std::uint32_t behaviours = 0;                   // of its dev_pagemap (pgmap::Behaviours); 0: the profile's device-dax
  FirstDriver driver = FirstDriver::device_dax;
};

// Is this a size and alignment the kernel gives to a device? Sizes are multiples of the extent and of 2M
// (alloc_is_aligned in drivers/dax/bus.c: max of align and memremap_compat_align(), a 2M sub-section on x86).
// Errors (Problem, EINVAL) name the flag and the nearest good values.
Outcome<void> check_geometry(std::uint64_t size, std::uint64_t align);

// Bytes that a pmem namespace spends on its info block before the data: what is left of the first extent
// (nd_pfn_init in drivers/nvdimm/pfn_devs.c, PFN_MODE_RAM).
[[nodiscard]] std::uint64_t pmem_data_offset(std::uint64_t align);

// Appends a region behind the existing ones. Errors: ENOSPC (table full), EEXIST (id taken).
[[nodiscard]] Outcome<store::RegionRecord*> add_region(store::Store& store, const RegionSpec& spec);

// Appends a device that takes the next free bytes of its region, bound as `spec.driver` says. Errors: ENODEV (no such
// region, or no such driver in that kernel), EEXIST (name taken), ENOSPC (region or table full), those of
// check_geometry; EINVAL (kmem: no node, or no whole memory block).
[[nodiscard]] Outcome<store::DeviceRecord*> add_device(store::Store& store, const DeviceSpec& spec);

// Gives an unbound device its first driver. The caller holds a Change. Errors (Problem): ENODEV (no such driver in that
// kernel), ENOMEM, EINVAL (kmem: no node, or no whole memory block).
[[nodiscard]] Outcome<void> give_first(const store::Store& store, store::DeviceRecord& device, FirstDriver first);

// A major number for emulated character devices that no driver of this machine has, the highest such below `below`.
// `proc_devices` is /proc/devices or a test's copy.
[[nodiscard]] std::uint32_t free_char_major(const char* proc_devices = "/proc/devices", std::uint32_t below = 255);

} // namespace daxemu::dax
