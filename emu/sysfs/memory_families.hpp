// Blocks and nodes of devices in system-ram mode.
#pragma once

#include "emu/sysfs/schema.hpp"

namespace daxemu::sysfs {

// Every block, as "memoryN"; the scope's number is N, its device the one whose block it is.
void each_memory_block(const Scope& scope, Members members);
// The same of the scope's node only (its number, which is passed on in `node`).
void each_block_of_node(const Scope& scope, Members members);
void memory_block_path(const Scope& scope, Text& out);

// Nodes with blocks that the machine has (new_ones false) or does not have, as "nodeN"; the scope's number is N.
template <bool new_ones>
void each_memory_node(const Scope& scope, Members members);
void memory_node_path(const Scope& scope, Text& out);

} // namespace daxemu::sysfs
