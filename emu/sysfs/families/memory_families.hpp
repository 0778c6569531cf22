// Blocks and nodes of devices in system-ram mode.
#pragma once

#include "emu/dax/memory/memory_nodes.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// Every block, as "memoryN"; the scope's number is N, its region the one it is in.
void each_memory_block(const Scope& scope, Members members);
// The same of the scope's node only (its number, which is passed on in `node`).
void each_block_of_node(const Scope& scope, Members members);
void memory_block_path(const Scope& scope, Text& out);

using dax::kMaxNodes;
using dax::NodeSet;
// Nodes that have any block.
[[nodiscard]] NodeSet nodes_with_blocks(const Scope& scope);

// Adds the nodes that the machine itself lists in /sys/devices/system/node/NAME ("0-1,4").
void add_machine_list(std::string_view name, NodeSet& nodes);

// Nodes with blocks that the machine does not have, or all that it has (new_ones false; none while there are no
// blocks), as "nodeN"; the scope's number is N.
template <bool new_ones>
void each_memory_node(const Scope& scope, Members members);
void memory_node_path(const Scope& scope, Text& out);

} // namespace daxemu::sysfs
