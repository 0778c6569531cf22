// memoryN: the blocks that devices in system-ram mode consist of (drivers/base/memory.c). The machine's own blocks are
// in the same directory; regions begin behind them, so no number is taken twice.
#include "emu/dax/memory/memory_blocks.hpp"
#include "emu/sysfs/families/memory_families.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/online_policy.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "emu/sysfs/uevents/memory_uevents.hpp"

namespace daxemu::sysfs {
namespace {

using store::BlockState;
using store::OnlinePolicy;

BlockState state_of(const Scope& scope) {
  const store::MemoryBlockRecord* record = dax::block_record(*scope.store, scope.number);
  return record == nullptr ? BlockState::offline : record->state.load(std::memory_order_acquire);
}
bool is_online(const Scope& scope) {
  return state_of(scope) != BlockState::offline;
}

Result<void> show_online(const Scope& scope, Text& out) {
  out.put(is_online(scope) ? "1\n" : "0\n");
  return {};
}
Result<void> show_phys_index(const Scope& scope, Text& out) {
  out.digits(scope.number, 16, 8).put("\n");
  return {};
}
Result<void> show_state(const Scope& scope, Text& out) {
  out.put(is_online(scope) ? "online\n" : "offline\n");
  return {};
}
Result<void> show_valid_zones(const Scope& scope, Text& out) {
  switch (state_of(scope)) {
  case BlockState::online_kernel:
    out.put("Normal\n");
    break;
  case BlockState::online_movable:
    out.put("Movable\n");
    break;
  case BlockState::offline: // the default first
    out.put(dax::is_movable_by_default(*scope.store, scope.number) ? "Movable Normal\n" : "Normal Movable\n");
    break;
  }
  return {};
}

Result<void> change_block(const Scope& scope, OnlinePolicy policy) {
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  auto set = dax::set_block(*scope.store, scope.number, policy);
  if (set) {
    announce_block(*scope.store, scope.number, policy == OnlinePolicy::offline ? "offline" : "online");
  }
  return set;
}
Result<void> store_state(const Scope& scope, std::string_view text) {
  const auto policy = parse_online_policy(text);
  return policy ? change_block(scope, *policy) : tl::unexpected(policy.error());
}
// Asking for what is so already is no error here (online_store in drivers/base/core.c).
Result<void> store_online(const Scope& scope, std::string_view text) {
  const auto wanted = parse_bool(text, scope.store->profile());
  if (!wanted) {
    return tl::unexpected(wanted.error());
  }
  if (*wanted != is_online(scope)) {
    return change_block(scope, *wanted ? OnlinePolicy::online : OnlinePolicy::offline);
  }
  return {};
}

store::PowerBits& power_of_block(const Scope& scope) {
  return dax::block_record(*scope.store, scope.number)->power;
}

void each_node_link(const Scope& scope, Members members) {
  NameText name;
  name.put("node").number(scope.region->target_node);
  members(name.view(), scope);
}
void node_target(const Scope& scope, Text& out) {
  out.put("/sys/devices/system/node/node").number(scope.region->target_node);
}

constexpr NodeSpec kBlockNodes[] = {
    attribute("online", 0644, show_online, store_online), attribute("phys_device", 0444, constant<"0">),
    attribute("phys_index", 0444, show_phys_index),       directory("power", kPower<power_of_block>),
    attribute("removable", 0444, constant<"1">),          attribute("state", 0644, show_state, store_state),
    link("subsystem", fixed_target<"/sys/bus/memory">),   attribute("uevent", 0644, nothing, store_uevent),
    attribute("valid_zones", 0444, show_valid_zones),
};
constexpr Family kBlockFamilies[] = {{each_node_link, link("", node_target)}};
constinit const Directory kBlock = {kBlockNodes, kBlockFamilies};

Result<void> show_block_size(const Scope& scope, Text& out) {
  out.digits(scope.store->platform().memory_block_size, 16).put("\n");
  return {};
}
Result<void> show_auto_online(const Scope& scope, Text& out) {
  out.put(online_policy_word(scope.store->platform().auto_online)).put("\n");
  return {};
}
Result<void> store_auto_online(const Scope& scope, std::string_view text) {
  const auto policy = parse_online_policy(text);
  if (!policy) {
    return tl::unexpected(policy.error());
  }
  scope.store->platform().auto_online = *policy;
  return {};
}

// What says how blocks are cut and what becomes of new ones must fit the blocks, so it is ours as well.
constexpr NodeSpec kNodes[] = {
    attribute("auto_online_blocks", 0644, show_auto_online, store_auto_online),
    attribute("block_size_bytes", 0444, show_block_size),
};
constexpr Family kFamilies[] = {{each_memory_block, directory("", kBlock)}};

constexpr Family kBusFamilies[] = {{each_memory_block, link("", memory_block_path)}};

} // namespace

constinit const Directory kMemoryBlocks = {kNodes, kFamilies};
constinit const Directory kMemoryBusDevices = {{}, kBusFamilies};

} // namespace daxemu::sysfs
