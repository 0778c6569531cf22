#include "emu/dax/change.hpp"

#include <algorithm>

#include "emu/dax/device/device_bytes.hpp"
#include "emu/dax/device/device_node.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/undo.hpp"
#include "emu/store/generation.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "emu/store/recovery_log.hpp"
#include "emu/store/topology_undo.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;

// What a holder that died may have left: ranges half changed, a size that is not that of the ranges, a file half
// adopted, a file nobody has, a topology half changed.
void repair(const store::Store& store) {
  store::put_topology_back(store.cxl());
  roll_back(store);
  for (DeviceRecord& device : store.devices()) {
    if (device.state.load() == DeviceState::absent) {
      continue;
    }
    std::uint64_t size = 0;
    for (std::uint32_t at = 0; at < std::min(device.nr_ranges, store::kMaxRanges); ++at) {
      size += device.ranges[at].size;
    }
    device.size.store(size, std::memory_order_release);
    repair_bytes(store, device);
  }
  free_lost_files(store);
  free_lost_nodes(store);
  nd::repair_disks(store);
}

} // namespace

bool repair_if_abandoned(const store::Store& store) {
  store::Platform& platform = store.platform();
  if ((platform.sequence.load() & 1U) == 0 || store::start_time_of(platform.changer.load())) {
    return false;
  }
  return Change::begin(store).has_value(); // which repairs; its end makes the sequence even
}

Result<Change> Change::begin(const store::Store& store) {
  auto lock = store::ConfigLock::take(store);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  store::Platform& platform = store.platform();
  if ((platform.sequence.load() & 1U) != 0) {
    repair(store);
    store::note_recovery(store, store::Recovery::change, platform.changer.load());
    platform.changer.store(sys::getpid());
  } else {
    platform.changer.store(sys::getpid());
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
