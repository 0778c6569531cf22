// Lists of nodes as the kernel prints and parses them: "0-1,4".
#pragma once

#include "emu/dax/memory/memory_nodes.hpp"
#include "runtime/preload/procfs/proc_text.hpp"

namespace daxemu::preload {

[[nodiscard]] inline dax::NodeSet nodes_in(std::string_view text) {
  dax::NodeSet nodes;
  for (std::uint64_t first = 0; take_number(text, first);) {
    std::uint64_t last = first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      (void)take_number(text, last);
    }
    for (std::uint64_t node = first; node <= last && node < dax::kMaxNodes; ++node) {
      nodes.set(node);
    }
    text.remove_prefix(text.starts_with(',') ? 1 : 0);
  }
  return nodes;
}

inline void put_nodes(const dax::NodeSet& nodes, LineText& into) {
  const char* before = "";
  for (std::size_t node = 0; node < dax::kMaxNodes; ++node) {
    if (!nodes.test(node)) {
      continue;
    }
    std::size_t last = node;
    while (last + 1 < dax::kMaxNodes && nodes.test(last + 1)) {
      ++last;
    }
    into.put(before).decimal(node);
    if (last != node) {
      into.put("-").decimal(last);
    }
    before = ",";
    node = last;
  }
}

} // namespace daxemu::preload
