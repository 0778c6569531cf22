// This process's mappings of devices, once there are any: what every call on memory asks first. A load and two
// comparisons for calls on unrelated memory, and nothing at all is made before the first device is mapped.
#pragma once

#include <atomic>
#include <cstddef>

#include "runtime/fault/space/address_space.hpp"

namespace daxemu::preload {

class LiveSpace {
public:
  // The address space once a device was mapped, else nullptr. Async-signal-safe.
  [[nodiscard]] fault::AddressSpace* get() const noexcept { return space_.load(std::memory_order_acquire); }
  // The address space, if the `length` bytes at `address` touch a mapping of a device, else nullptr.
  [[nodiscard]] fault::AddressSpace* concerned(const void* address, std::size_t length) const noexcept {
    fault::AddressSpace* space = get();
    return space != nullptr && space->overlaps(address, length) ? space : nullptr;
  }
  // A device is about to be mapped in `space`. True: it is the process's first.
  bool enter(fault::AddressSpace& space) noexcept {
    return space_.exchange(&space, std::memory_order_acq_rel) == nullptr;
  }

private:
  std::atomic<fault::AddressSpace*> space_{nullptr};
};

// The process's own.
[[gnu::visibility("hidden")]] extern constinit LiveSpace live_space;

// What the rooms above want to be told of when the process maps its first device: forks are followed from then on, and
// what the kernel holds is settled before mappings change. Called once; defined where those rooms are known
// (process/first_mapping.cpp), so that no room below has to know them.
void on_first_mapping(fault::AddressSpace& space);

} // namespace daxemu::preload
