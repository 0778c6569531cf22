// What is said of the memory of a device in system-ram mode (drivers/base/memory.c, drivers/base/node.c).
#pragma once

#include "emu/store/store.hpp"

namespace daxemu::sysfs {

// "online" or "offline" of one block.
void announce_block(const store::Store& store, std::uint64_t block, std::string_view action);

// "add" or "remove" of the blocks that a device consists of, but for those that it leaves, and of their node, if it is
// not the machine's own and has no other memory.
void announce_memory(const store::Store& store, const store::DeviceRecord& device, std::string_view action);

// "online" or "offline" of each of its blocks that is, or was before its memory went.
void announce_online(const store::Store& store, const store::DeviceRecord& device, std::string_view action = "online");

} // namespace daxemu::sysfs
