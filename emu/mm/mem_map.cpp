#include "emu/mm/mem_map.hpp"

#include <algorithm>

namespace daxemu::mm {

MemMap::MemMap() {
  publish({});
}
MemMap::~MemMap() = default;

void MemMap::publish(std::vector<std::shared_ptr<DevicePages>> devices) {
  auto next = std::make_unique<Snapshot>();
  for (const auto& device : devices) {
    for (const PfnRange& range : device->ranges()) {
      next->entries.push_back({range.first.value(), range.first.value() + range.nr_pages, device.get()});
    }
  }
  std::sort(next->entries.begin(), next->entries.end(),
            [](const Entry& a, const Entry& b) { return a.first < b.first; });
  next->devices = std::move(devices);
  current_.store(next.get(), std::memory_order_release);
  snapshots_.push_back(std::move(next));
}

Result<void> MemMap::add(std::shared_ptr<DevicePages> pages) {
  const std::lock_guard lock(changing_);
  const Snapshot& now = *snapshots_.back();
  for (const PfnRange& range : pages->ranges()) {
    for (const Entry& entry : now.entries) {
      if (range.first.value() < entry.end && entry.first < range.first.value() + range.nr_pages) {
        return fail(EEXIST);
      }
    }
  }
  auto devices = now.devices;
  devices.push_back(std::move(pages));
  publish(std::move(devices));
  return {};
}

void MemMap::remove(const DevicePages& pages) {
  const std::lock_guard lock(changing_);
  auto devices = snapshots_.back()->devices;
  std::erase_if(devices, [&](const auto& device) { return device.get() == &pages; });
  publish(std::move(devices));
}

void MemMap::collect() {
  const std::lock_guard lock(changing_);
  snapshots_.erase(snapshots_.begin(), snapshots_.end() - 1);
}

DevicePages* MemMap::find(Pfn pfn) const {
  const auto& entries = current_.load(std::memory_order_acquire)->entries;
  const auto after = std::upper_bound(entries.begin(), entries.end(), pfn.value(),
                                      [](std::uint64_t value, const Entry& entry) { return value < entry.first; });
  if (after == entries.begin()) {
    return nullptr;
  }
  const Entry& entry = *(after - 1);
  return pfn.value() < entry.end ? entry.pages : nullptr;
}

std::vector<std::shared_ptr<DevicePages>> MemMap::devices() const {
  const std::lock_guard lock(changing_);
  return snapshots_.back()->devices;
}

} // namespace daxemu::mm
