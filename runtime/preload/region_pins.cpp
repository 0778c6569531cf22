#include "runtime/preload/region_pins.hpp"

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>

#include "runtime/preload/held_range.hpp"

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

struct Regions {
  std::mutex mutex;
  std::map<void*, HeldRange> by_region;
};
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
    const std::lock_guard lock(regions().mutex);
    regions().by_region[region] = std::move(*held);
  }
  return region;
}

int deregister_region(void* region, FunctionRef<int()> real) {
  const int error = real();
  if (error == 0 && any_region.load(std::memory_order_acquire)) {
    const std::lock_guard lock(regions().mutex);
    regions().by_region.erase(region);
  }
  return error;
}

void regions_before_fork() {
  if (any_region.load()) {
    regions().mutex.lock();
  }
}

void regions_after_fork(bool in_child) {
  if (!any_region.load()) {
    return;
  }
  if (in_child) {
    for (auto& [region, held] : regions().by_region) {
      held.abandon();
    }
    regions().by_region.clear();
  }
  regions().mutex.unlock();
}

} // namespace daxemu::preload
