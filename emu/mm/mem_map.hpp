// Every page a process's model knows: which device a pfn belongs to (the kernel's pgmap_array and mem_map together).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/mm/device_pages.hpp"

namespace daxemu::mm {

class MemMap {
public:
  MemMap();
  ~MemMap();
  MemMap(const MemMap&) = delete;
  MemMap& operator=(const MemMap&) = delete;

  // Errors: EEXIST when a page of it is there already (pagemap_range in mm/memremap.c warns and says ENOMEM).
  Result<void> add(std::shared_ptr<DevicePages> pages);
  // Later look-ups do not find it. What look-ups under way have found stays valid until collect().
  void remove(const DevicePages& pages);
  // Frees what was removed. Only when no other thread is inside the model.
  void collect();

  // The device `pfn` belongs to, or nullptr. Lock-free, no allocation.
  [[nodiscard]] DevicePages* find(Pfn pfn) const;
  // Every device known now.
  [[nodiscard]] std::vector<std::shared_ptr<DevicePages>> devices() const;

private:
  struct Entry {
    std::uint64_t first = 0; // pfn
    std::uint64_t end = 0;
    DevicePages* pages = nullptr;
  };
  struct Snapshot {
    std::vector<Entry> entries; // by first
    std::vector<std::shared_ptr<DevicePages>> devices;
  };
  void publish(std::vector<std::shared_ptr<DevicePages>> devices);

  std::atomic<const Snapshot*> current_;
  mutable std::mutex changing_;
  std::vector<std::unique_ptr<const Snapshot>> snapshots_; // the last one is current
};

} // namespace daxemu::mm
