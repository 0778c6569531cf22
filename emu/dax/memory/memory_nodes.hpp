// The NUMA nodes that memory of devices in system-ram mode makes (drivers/base/node.c, node_states of mm/page_alloc.c).
#pragma once

#include <bitset>
#include <cstddef>

#include "emu/dax/memory/memory_blocks.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

inline constexpr std::size_t kMaxNodes = 1024; // MAX_NUMNODES of Debian's kernels
using NodeSet = std::bitset<kMaxNodes>;

// Nodes that have a block in one of the states that `matches`(BlockState) says.
template <class Matches>
NodeSet nodes_with(const store::Store& store, Matches&& matches) {
  NodeSet nodes;
  each_ram_block(store, [&](std::uint64_t block, const store::RegionRecord& region) {
    if (region.target_node >= 0 && static_cast<std::size_t>(region.target_node) < kMaxNodes &&
        matches(block_record(store, block)->state.load(std::memory_order_acquire))) {
      nodes.set(static_cast<std::size_t>(region.target_node));
    }
    return true;
  });
  return nodes;
}

// Nodes that the machine does not have, with memory that is online: N_MEMORY says so of them.
[[nodiscard]] NodeSet new_memory_nodes(const store::Store& store);

} // namespace daxemu::dax
