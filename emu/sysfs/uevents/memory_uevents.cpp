#include "emu/sysfs/uevents/memory_uevents.hpp"

#include "emu/dax/memory/left_memory.hpp"
#include "emu/dax/memory/memory_blocks.hpp"
#include "emu/sysfs/families/memory_families.hpp"
#include "emu/sysfs/uevents/uevent.hpp"

namespace daxemu::sysfs {
namespace {

// Has the node memory, besides that of `device` if it is given?
bool has_memory(const store::Store& store, std::int32_t node, const store::DeviceRecord* device) {
  bool any = false;
  dax::each_ram_block(store, [&](std::uint64_t block, const store::RegionRecord& region) {
    any = region.target_node == node && (device == nullptr || !dax::consists_of(store, *device, block));
    return !any;
  });
  return any;
}

void announce_node(const store::Store& store, std::int32_t node, std::string_view action) {
  PathText path;
  memory_node_path(Scope{.store = &store, .number = static_cast<std::uint64_t>(node)}, path);
  announce(store, {.action = action, .path = path.view(), .subsystem = "node", .variables = ""});
}

} // namespace

void announce_block(const store::Store& store, std::uint64_t block, std::string_view action) {
  PathText path;
  memory_block_path(Scope{.store = &store, .number = block}, path);
  announce(store, {.action = action, .path = path.view(), .subsystem = "memory", .variables = ""});
}

void announce_online(const store::Store& store, const store::DeviceRecord& device, std::string_view action) {
  dax::each_whole_block(store, device, [&](std::uint64_t block) {
    if (dax::block_record(store, block)->state.load() != store::BlockState::offline) {
      announce_block(store, block, action);
    }
    return true;
  });
}

void announce_memory(const store::Store& store, const store::DeviceRecord& device, std::string_view action) {
  const bool comes = action == "add";
  const std::int32_t node = device.target_node;
  const bool with_node = node >= store.platform().first_new_node && !has_memory(store, node, comes ? &device : nullptr);
  const bool node_first = comes && store.profile().node_comes_before_blocks;
  if (with_node && node_first) {
    announce_node(store, node, action);
  }
  dax::each_whole_block(store, device, [&](std::uint64_t block) {
    if (comes || !dax::is_left(store, block)) {
      announce_block(store, block, action);
    }
    return true;
  });
  if (with_node && !node_first) {
    announce_node(store, node, action);
  }
}

} // namespace daxemu::sysfs
