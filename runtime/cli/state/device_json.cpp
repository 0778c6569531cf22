#include "runtime/cli/state/device_json.hpp"

#include "emu/dax/memory/memory_blocks.hpp"
#include "runtime/cli/state/device_mode.hpp"

namespace daxemu::cli {

nlohmann::ordered_json daxctl_json(const store::Store& store, const store::DeviceRecord& device) {
  nlohmann::ordered_json json;
  const store::DeviceState state = device.state.load();
  json["chardev"] = store.name_of(device).view();
  json["size"] = device.size.load();
  if (device.target_node >= 0) {
    json["target_node"] = device.target_node;
  }
  json["align"] = device.align;
  json["mode"] = mode_of(state);
  if (state == store::DeviceState::system_ram) {
    std::uint64_t online = 0;
    std::uint64_t total = 0;
    bool movable = true;
    dax::each_block(store, device, [&](std::uint64_t block) {
      const store::MemoryBlockRecord* record = dax::block_record(store, block);
      const store::BlockState is = record == nullptr ? store::BlockState::offline : record->state.load();
      ++total;
      online += is == store::BlockState::offline ? 0 : 1;
      movable = movable && is == store::BlockState::online_movable;
      return true;
    });
    json["online_memblocks"] = online;
    json["total_memblocks"] = total;
    if (online > 0 && online == total) {
      json["movable"] = movable;
    }
  }
  if (state == store::DeviceState::disabled) {
    json["state"] = "disabled";
  }
  return json;
}

} // namespace daxemu::cli
