// Blocks and nodes of devices in system-ram mode.
#pragma once

#include <bitset>

#include "emu/dax/memory_blocks.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// Every block, as "memoryN"; the scope's number is N, its device the one whose block it is.
void each_memory_block(const Scope& scope, Members members);
// The same of the scope's node only (its number, which is passed on in `node`).
void each_block_of_node(const Scope& scope, Members members);
void memory_block_path(const Scope& scope, Text& out);

inline constexpr std::size_t kMaxNodes = 1024; // MAX_NUMNODES of Debian's kernels
using NodeSet = std::bitset<kMaxNodes>;
// Nodes that have a block in one of the states that `matches`(BlockState) says.
template <class Matches>
NodeSet nodes_with(const Scope& scope, Matches&& matches) {
  NodeSet nodes;
  for (const store::DeviceRecord& device : scope.store->devices()) {
    if (device.target_node < 0 || static_cast<std::size_t>(device.target_node) >= kMaxNodes) {
      continue;
    }
    dax::each_block(*scope.store, device, [&](std::uint64_t block) {
      const bool hit = matches(dax::block_record(*scope.store, block)->state.load(std::memory_order_acquire));
      if (hit) {
        nodes.set(static_cast<std::size_t>(device.target_node));
      }
      return !hit;
    });
  }
  return nodes;
}
// Nodes that have any block.
[[nodiscard]] NodeSet nodes_with_blocks(const Scope& scope);

// Nodes with blocks that the machine has (new_ones false) or does not have, as "nodeN"; the scope's number is N.
template <bool new_ones>
void each_memory_node(const Scope& scope, Members members);
void memory_node_path(const Scope& scope, Text& out);

} // namespace daxemu::sysfs
