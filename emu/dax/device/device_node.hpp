// Which of the platform's node files stands for a device: taken when the device gets its first byte, for one without
// cannot be opened; its own until it is deleted, wherever its bytes go meanwhile. The caller holds a Change.
#pragma once

#include "emu/store/store.hpp"

namespace daxemu::dax {

// A node for the device if it has none. It stays without when none is left: open(2) of it is ENXIO.
void take_node(const store::Store& store, store::DeviceRecord& device);

// The device is deleted: what a descriptor of it that somebody keeps is open on is nobody's.
void release_node(const store::Store& store, store::DeviceRecord& device);

// After a changer that died: nodes whose owner does not know of them are free again.
void free_lost_nodes(const store::Store& store);

} // namespace daxemu::dax
