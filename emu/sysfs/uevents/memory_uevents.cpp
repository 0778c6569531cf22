#include "emu/sysfs/uevents/memory_uevents.hpp"

#include <algorithm>

#include "emu/dax/memory_blocks.hpp"
#include "emu/sysfs/families/memory_families.hpp"
#include "emu/sysfs/uevents/uevent.hpp"

namespace daxemu::sysfs {
namespace {

bool has_memory_there(const store::Store& store, const store::DeviceRecord& device, std::int32_t node) {
  bool any = false;
  if (device.target_node == node) {
    dax::each_block(store, device, [&](std::uint64_t) {
      any = true;
      return false;
    });
  }
  return any;
}

} // namespace

void announce_block(const store::Store& store, std::uint64_t block, std::string_view action) {
  PathText path;
  memory_block_path(Scope{.store = &store, .number = block}, path);
  announce(store, {.action = action, .path = path.view(), .subsystem = "memory", .variables = ""});
}

void announce_online(const store::Store& store, const store::DeviceRecord& device) {
  dax::each_block(store, device, [&](std::uint64_t block) {
    if (dax::block_record(store, block)->state.load() != store::BlockState::offline) {
      announce_block(store, block, "online");
    }
    return true;
  });
}

void announce_memory(const store::Store& store, const store::DeviceRecord& device, std::string_view action) {
  dax::each_whole_block(store, device, [&](std::uint64_t block) {
    announce_block(store, block, action);
    return true;
  });
  const std::int32_t node = device.target_node;
  const auto devices = store.devices();
  const bool shared = std::any_of(devices.begin(), devices.end(), [&](const store::DeviceRecord& other) {
    return &other != &device && has_memory_there(store, other, node);
  });
  if (node >= store.platform().first_new_node && !shared) {
    PathText path;
    memory_node_path(Scope{.store = &store, .number = static_cast<std::uint64_t>(node)}, path);
    announce(store, {.action = action, .path = path.view(), .subsystem = "node", .variables = ""});
  }
}

} // namespace daxemu::sysfs
