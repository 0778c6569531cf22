// What somebody outside wants to hear of a device's extents, and may decide: the pgmap operations of a plugin as the
// fault path calls them. Plain functions, so that nothing is allocated where a fault is served.
#pragma once

#include <cstddef>

#include "emu/base/result.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {

class DeviceView;

struct FolioHooks {
  void* self = nullptr;
  bool swaps = false; // device_swap_entries: an extent's data is brought by migrate_to_ram before it is first seen
  bool frees = false; // free_hook_on_idle

  // The view is new. Errors: what the mmap is to fail with.
  Result<void> (*opened)(void* self, const DeviceView& view) = nullptr;
  void (*mapped)(void* self, const DeviceView& view, ExtentIndex extent) = nullptr;
  void (*unmapped)(void* self, const DeviceView& view, ExtentIndex extent) = nullptr;
  void (*folio_free)(void* self, const DeviceView& view, ExtentIndex extent) = nullptr;
  Result<void> (*migrate_to_ram)(void* self, const DeviceView& view, ExtentIndex extent, std::byte* ram) = nullptr;
  // Errors: EOPNOTSUPP, the generic handling follows.
  Result<void> (*memory_failure)(void* self, const DeviceView& view, ExtentIndex extent) = nullptr;
  // ask_before_longterm: may pages [first, first + nr_pages) of the extent be pinned for long? Errors: those of the
  // pin.
  Result<void> (*longterm_pin)(void* self, const DeviceView& view, ExtentIndex extent, std::uint64_t first,
                               std::uint64_t nr_pages) = nullptr;
};

} // namespace daxemu::fault
