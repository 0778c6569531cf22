// The calls that make, change and remove mappings: those that concern a device go to this process's AddressSpace, all
// others straight on. The program's calls on unrelated memory cost a load and two comparisons.
#pragma once

#include <atomic>
#include <cstddef>

#include <sys/types.h>

#include "runtime/fault/address_space.hpp"

namespace daxemu::preload {

class MemoryCalls {
public:
  void* mmap(void* address, std::size_t length, int prot, int flags, int fd, off_t offset);
  int munmap(void* address, std::size_t length);
  int mprotect(void* address, std::size_t length, int prot);
  int pkey_mprotect(void* address, std::size_t length, int prot, int pkey);

  // The address space, if [address, address + length) touches a mapping of a device.
  [[nodiscard]] fault::AddressSpace* concerned(const void* address, std::size_t length) const {
    fault::AddressSpace* space = live_.load(std::memory_order_acquire);
    return space != nullptr && space->overlaps(address, length) ? space : nullptr;
  }
  // The address space once anything was mapped, else nullptr.
  [[nodiscard]] fault::AddressSpace* live() const { return live_.load(std::memory_order_acquire); }

private:
  std::atomic<fault::AddressSpace*> live_{nullptr};
};

// The process's own.
extern constinit MemoryCalls memory_calls;

} // namespace daxemu::preload
