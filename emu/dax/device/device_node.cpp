#include "emu/dax/device/device_node.hpp"

#include <span>
#include <utility>

#include "emu/dax/memory/node_news.hpp"
#include "emu/store/records/device_index.hpp"

namespace daxemu::dax {

using store::DeviceRecord;
using store::NodeSlot;

void take_node(const store::Store& store, DeviceRecord& device) {
  if (device.node.st_ino != 0) {
    return;
  }
  const std::span<NodeSlot> slots = store.node_slots();
  std::uint32_t best = 0;
  for (std::uint32_t at = 0; at < slots.size(); ++at) {
    if (slots[at].owner.load() == 0 && (best == 0 || slots[at].uses < slots[best - 1].uses)) {
      best = at + 1;
    }
  }
  if (best == 0) {
    return;
  }
  NodeSlot& slot = slots[best - 1];
  ++slot.uses;
  slot.owner.store(static_cast<std::uint32_t>(&device - store.device_table().data()) + 1, std::memory_order_release);
  store::hint_at_node(store.region_table(), store.device_table(), device, slot.node);
  device.node = slot.node;
  slot.name = store.name_of(device);
  device.node_slot = best; // last: until now the slot is a lost one
  tell_watchers(device.node, NodeNews::came);
}

void release_node(const store::Store& store, DeviceRecord& device) {
  const std::uint32_t slot = std::exchange(device.node_slot, 0);
  const store::NodeRecord node = std::exchange(device.node, {});
  if (slot != 0 && slot <= store.node_slots().size()) {
    store.node_slots()[slot - 1].owner.store(0, std::memory_order_release);
  }
  tell_watchers(node, NodeNews::went);
}

void free_lost_nodes(const store::Store& store) {
  const std::span<NodeSlot> slots = store.node_slots();
  for (std::uint32_t at = 0; at < slots.size(); ++at) {
    const std::uint32_t owner = slots[at].owner.load();
    if (owner == 0 || owner > store.device_table().size()) {
      continue;
    }
    DeviceRecord& device = store.device_table()[owner - 1];
    const bool there = device.state.load() != store::DeviceState::absent || device.kept != 0;
    if (there && device.node_slot == at + 1) {
      store::hint_at_node(store.region_table(), store.device_table(), device, slots[at].node);
      device.node = slots[at].node;
      continue;
    }
    if (device.node_slot == 0) { // half taken, or half given back
      device.node = {};
    }
    slots[at].owner.store(0, std::memory_order_release);
  }
}

} // namespace daxemu::dax
