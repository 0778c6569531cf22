#include "runtime/preload/pins/region_pins.hpp"

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>

#include "runtime/preload/pins/held_range.hpp"

namespace daxemu::preload {
namespace {

// enum ibv_access_flags (infiniband/verbs.h), part of the library's binary interface.
constexpr unsigned kLocalWrite = 1U << 0;
constexpr unsigned kRemoteWrite = 1U << 1;
constexpr unsigned kRemoteAtomic = 1U << 3;
constexpr unsigned kWindowBind = 1U << 4;
constexpr unsigned kOnDemand = 1U << 6;
// ib_access_writable()
constexpr unsigned kWritable = kLocalWrite | kRemoteWrite | kRemoteAtomic | kWindowBind;

using Regions = std::map<void*, HeldRange>;
constinit std::mutex region_lock;
Regions& regions() {
  static auto* const made = new Regions; // never destroyed: threads may still run while the process exits
  return *made;
}
std::atomic<bool> any_region{false};

} // namespace

void* register_region(const void* address, std::size_t length, unsigned access, unsigned long site,
                      FunctionRef<void*()> real) {
  if (!is_device_memory(address, length) || (access & kOnDemand) != 0) {
    return real();
  }
  auto held = HeldRange::take({const_cast<void*>(address), length}, kMemoryRegion, (access & kWritable) != 0, site);
  if (!held) {
    errno = held.error().value;
    return nullptr;
  }
  void* const region = real();
  if (region != nullptr) {
    any_region.store(true, std::memory_order_release);
    const std::lock_guard lock(region_lock);
    regions()[region] = std::move(*held);
  }
  return region;
}

int deregister_region(void* region, FunctionRef<int()> real) {
  const int error = real();
  if (error == 0 && any_region.load(std::memory_order_acquire)) {
    const std::lock_guard lock(region_lock);
    regions().erase(region);
  }
  return error;
}

void regions_before_fork() {
  region_lock.lock();
}

void regions_after_fork(bool in_child) {
  if (in_child && any_region.load()) {
    for (auto& [region, held] : regions()) {
      held.abandon();
    }
    regions().clear();
  }
  region_lock.unlock();
}

} // namespace daxemu::preload
