#include "emu/dax/undo.hpp"

#include <algorithm>

namespace daxemu::dax {

using store::DeviceRecord;
using store::UndoRecord;

Undo::Undo(const store::Store& store, const DeviceRecord& device) : record_(store.platform().undo) {
  record_.nr_ranges = device.nr_ranges;
  record_.slot = device.slot;
  record_.align = device.align;
  record_.ranges = device.ranges;
  record_.image = device.image;
  record_.device.store(static_cast<std::uint32_t>(&device - store.device_table().data()) + 1,
                       std::memory_order_release); // last: until now there is nothing to undo
}

Undo::~Undo() {
  record_.device.store(0, std::memory_order_release);
}

void roll_back(const store::Store& store) {
  UndoRecord& record = store.platform().undo;
  const std::uint32_t number = record.device.load(std::memory_order_acquire);
  if (number == 0 || number > store.devices().size()) {
    record.device.store(0);
    return;
  }
  DeviceRecord& device = store.devices()[number - 1];
  device.ranges = record.ranges;
  device.nr_ranges = std::min(record.nr_ranges, store::kMaxRanges);
  // Its image still fits if its bytes are where they were, in extents as they were: else extents that have been changed
  // since they were loaded would be loaded again.
  const bool untouched = device.slot == record.slot && device.align == record.align;
  device.image = untouched ? record.image : FixedString<256>();
  device.align = record.align;
  record.device.store(0, std::memory_order_release);
}

} // namespace daxemu::dax
