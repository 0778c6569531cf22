#include "emu/dax/memory/node_policy.hpp"

#include <linux/mempolicy.h>

namespace daxemu::dax {
namespace {

// Marks: the highest nodes that a kernel for 64 of them can be told of.
constexpr std::size_t kTranslated = 63;
constexpr std::size_t kBorrowed = 62;  // the machine's nodes are not the program's
constexpr std::size_t kWasStatic = 61; // MPOL_F_STATIC_NODES is the program's
constexpr std::size_t kFirstMark = kWasStatic;

// Newer than the C library's headers: weighted interleaving (Linux 6.9).
constexpr int kWeightedInterleave = 6;

int mode_of(const NodePolicy& policy) {
  return policy.mode & ~(MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING);
}

bool is_translated(const NodePolicy& kept) {
  return (kept.mode & MPOL_F_STATIC_NODES) != 0 && kept.nodes.test(kTranslated);
}

NodeSet first_of(const NodeSet& nodes) {
  NodeSet first;
  for (std::size_t node = 0; node < kMaxNodes && first.none(); ++node) {
    first.set(node, nodes.test(node));
  }
  return first;
}

bool takes_nodes(int mode) {
  return mode == MPOL_BIND || mode == MPOL_PREFERRED || mode == MPOL_INTERLEAVE || mode == MPOL_PREFERRED_MANY ||
         mode == kWeightedInterleave;
}

} // namespace

NodePolicy policy_for_kernel(const NodePolicy& asked, const NodeSet& ours, const NodeSet& machine) {
  const bool was_static = (asked.mode & MPOL_F_STATIC_NODES) != 0;
  NodePolicy kept = asked;
  if (!was_static) { // of what is not there the kernel would keep nothing
    kept.nodes &= ours | machine;
  }
  if (!was_static && mode_of(asked) == MPOL_PREFERRED && kept.nodes.any()) {
    kept.nodes = first_of(kept.nodes); // mpol_new_preferred()
  }
  const NodeSet named = kept.nodes & ours;
  const bool relative = (asked.mode & MPOL_F_RELATIVE_NODES) != 0; // its numbers are no nodes
  if (named.none() || relative || !takes_nodes(mode_of(asked)) || (asked.nodes >> kFirstMark).any()) {
    return asked;
  }
  kept.nodes.set(kTranslated);
  kept.nodes.set(kWasStatic, was_static);
  kept.mode |= MPOL_F_STATIC_NODES;
  if ((kept.nodes & machine).none()) {
    kept.nodes |= machine;
    kept.nodes.set(kBorrowed);
  }
  return kept;
}

NodePolicy policy_for_program(const NodePolicy& kept, const NodeSet& machine) {
  if (!is_translated(kept)) {
    return kept;
  }
  NodePolicy asked = kept;
  if (!kept.nodes.test(kWasStatic)) {
    asked.mode &= ~MPOL_F_STATIC_NODES;
  }
  if (kept.nodes.test(kBorrowed)) {
    asked.nodes &= ~machine;
  }
  for (const std::size_t mark : {kTranslated, kBorrowed, kWasStatic}) {
    asked.nodes.reset(mark);
  }
  return asked;
}

int node_of_page(const NodePolicy& kept, const NodeSet& machine, std::size_t page) {
  if (!is_translated(kept) || !kept.nodes.test(kBorrowed)) {
    return -1;
  }
  const NodeSet nodes = policy_for_program(kept, machine).nodes;
  const int mode = mode_of(kept);
  const bool in_turn = mode == MPOL_INTERLEAVE || mode == kWeightedInterleave;
  std::size_t left = in_turn && nodes.any() ? page % nodes.count() : 0;
  for (std::size_t node = 0; node < kMaxNodes; ++node) {
    if (nodes.test(node) && left-- == 0) {
      return static_cast<int>(node);
    }
  }
  return -1;
}

} // namespace daxemu::dax
