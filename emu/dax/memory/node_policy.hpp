// A memory policy that names nodes of devices in system-ram mode. Their memory is not this machine's, so pages come
// from the machine's own nodes; but the policy itself stays in the machine's kernel, which hands it to threads,
// children and parts of mappings as it does with any other. With MPOL_F_STATIC_NODES the kernel keeps the nodes as they
// were named, those it does not have too (mpol_set_nodemask in mm/mempolicy.c), and tells them again
// (do_get_mempolicy): marks among them say what has been added on the way there.
#pragma once

#include "emu/dax/memory/memory_nodes.hpp"

namespace daxemu::dax {

struct NodePolicy {
  int mode = 0; // MPOL_* with its MPOL_F_* flags
  NodeSet nodes;
};

// What the kernel is to be told in place of `asked`. `ours`: nodes of devices; `machine`: the machine's nodes, of which
// all stand in where `asked` names none. As it is if it names none of ours, or if the kernel refuses it anyway.
[[nodiscard]] NodePolicy policy_for_kernel(const NodePolicy& asked, const NodeSet& ours, const NodeSet& machine);

// What the program is to be told in place of what the kernel `kept`.
[[nodiscard]] NodePolicy policy_for_program(const NodePolicy& kept, const NodeSet& machine);

// Under what the kernel `kept`, the node that a page is on for the program if it may be on nodes of devices only; -1:
// the machine's own answer holds. `page`: its number, for an interleaved policy.
[[nodiscard]] int node_of_page(const NodePolicy& kept, const NodeSet& machine, std::size_t page);

} // namespace daxemu::dax
