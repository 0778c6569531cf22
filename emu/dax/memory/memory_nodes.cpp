#include "emu/dax/memory/memory_nodes.hpp"

#include <algorithm>

namespace daxemu::dax {

NodeSet new_memory_nodes(const store::Store& store) {
  NodeSet nodes = nodes_with(store, [](store::BlockState state) { return state != store::BlockState::offline; });
  const auto first_new = static_cast<std::size_t>(std::max(store.platform().first_new_node, 0));
  for (std::size_t node = 0; node < std::min(first_new, kMaxNodes); ++node) {
    nodes.reset(node);
  }
  return nodes;
}

} // namespace daxemu::dax
