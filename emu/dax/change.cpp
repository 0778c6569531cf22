#include "emu/dax/change.hpp"

#include <algorithm>

#include "emu/store/generation.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;

// What a holder that died may have left: a size that is not that of the ranges, a file nobody has.
void repair(const store::Store& store) {
  for (DeviceRecord& device : store.devices()) {
    std::uint64_t size = 0;
    for (std::uint32_t at = 0; at < std::min(device.nr_ranges, store::kMaxRanges); ++at) {
      size += device.ranges[at].size;
    }
    device.size.store(size, std::memory_order_release);
  }
  const std::span<store::BackingSlot> slots = store.backing_slots();
  for (std::uint32_t at = 0; at < slots.size(); ++at) {
    const std::uint32_t owner = slots[at].owner.load();
    if (owner == 0 || owner > store.devices().size()) {
      continue;
    }
    const DeviceRecord& device = store.devices()[owner - 1];
    if ((device.state.load() == DeviceState::absent && device.kept == 0) || device.slot != at + 1) {
      slots[at].owner = 0;
    }
  }
}

} // namespace

Result<Change> Change::begin(const store::Store& store) {
  auto lock = store::ConfigLock::take(store);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  store::Platform& platform = store.platform();
  if ((platform.sequence.load() & 1U) != 0) {
    repair(store);
  } else {
    platform.sequence.fetch_add(1);
  }
  return Change(store, std::move(*lock));
}

Change::~Change() {
  if (store_ == nullptr) {
    return;
  }
  store_->platform().sequence.fetch_add(1);
  const std::uint32_t generation = store::announce(store_->platform());
  { const store::ConfigLock released = std::move(lock_); } // who follows may need it
  store::await_followers(*store_, generation);
}

} // namespace daxemu::dax
