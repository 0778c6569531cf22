#include "emu/sysfs/families/memory_families.hpp"

#include <algorithm>

#include "emu/dax/memory_blocks.hpp"

namespace daxemu::sysfs {

NodeSet nodes_with_blocks(const Scope& scope) {
  return nodes_with(scope, [](store::BlockState) { return true; });
}

void each_memory_block(const Scope& scope, Members members) {
  for (store::DeviceRecord& device : scope.store->devices()) {
    Scope narrowed = scope;
    narrowed.device = &device;
    bool go_on = true;
    dax::each_block(*scope.store, device, [&](std::uint64_t block) {
      narrowed.number = block;
      narrowed.region = &scope.store->region_of(device);
      NameText name;
      name.put("memory").number(block);
      go_on = members(name.view(), narrowed);
      return go_on;
    });
    if (!go_on) {
      return;
    }
  }
}

void memory_block_path(const Scope& scope, Text& out) {
  out.put("/sys/devices/system/memory/memory").number(scope.number);
}

template <bool new_ones>
void each_memory_node(const Scope& scope, Members members) {
  const NodeSet nodes = nodes_with_blocks(scope);
  const auto first_new = static_cast<std::size_t>(std::max(scope.store->platform().first_new_node, 0));
  for (std::size_t node = new_ones ? first_new : 0; node < (new_ones ? kMaxNodes : first_new); ++node) {
    if (nodes.test(node)) {
      Scope narrowed = scope;
      narrowed.number = node;
      NameText name;
      name.put("node").number(node);
      if (!members(name.view(), narrowed)) {
        return;
      }
    }
  }
}
template void each_memory_node<true>(const Scope&, Members);
template void each_memory_node<false>(const Scope&, Members);

void each_block_of_node(const Scope& scope, Members members) {
  each_memory_block(scope, [&](std::string_view name, const Scope& block) {
    return static_cast<std::uint64_t>(block.device->target_node) != scope.number || members(name, block);
  });
}

void memory_node_path(const Scope& scope, Text& out) {
  out.put("/sys/devices/system/node/node").number(scope.number);
}

} // namespace daxemu::sysfs
