#include "emu/sysfs/families/memory_families.hpp"

#include <algorithm>
#include <charconv>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/dax/memory/memory_blocks.hpp"

namespace daxemu::sysfs {

NodeSet nodes_with_blocks(const Scope& scope) {
  return dax::nodes_with(*scope.store, [](store::BlockState) { return true; });
}

void add_machine_list(std::string_view name, NodeSet& nodes) {
  PathText path;
  path.put("/sys/devices/system/node/").put(name).put(std::string_view("\0", 1));
  auto raw = sys::open(path.view().data(), O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return;
  }
  const UniqueFd fd(*raw);
  char text[1024];
  const auto length = sys::pread(fd.get(), text, sizeof(text), 0);
  const char* at = text;
  const char* end = text + length.value_or(0);
  while (at < end) {
    std::size_t first = 0;
    const auto begun = std::from_chars(at, end, first);
    if (begun.ec != std::errc()) {
      return;
    }
    std::size_t last = first;
    at = begun.ptr;
    if (at < end && *at == '-') {
      at = std::from_chars(at + 1, end, last).ptr;
    }
    for (std::size_t node = first; node <= last && node < kMaxNodes; ++node) {
      nodes.set(node);
    }
    ++at; // the comma, or the newline
  }
}

void each_memory_block(const Scope& scope, Members members) {
  dax::each_ram_block(*scope.store, [&](std::uint64_t block, store::RegionRecord& region) {
    Scope narrowed = scope;
    narrowed.number = block;
    narrowed.region = &region;
    NameText name;
    name.put("memory").number(block);
    return members(name.view(), narrowed);
  });
}

void memory_block_path(const Scope& scope, Text& out) {
  out.put("/sys/devices/system/memory/memory").number(scope.number);
}

template <bool new_ones>
void each_memory_node(const Scope& scope, Members members) {
  NodeSet nodes = nodes_with_blocks(scope);
  if (!new_ones && nodes.any()) {
    add_machine_list("online", nodes); // each of them tells how far the new ones are
  }
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
    return static_cast<std::uint64_t>(block.region->target_node) != scope.number || members(name, block);
  });
}

void memory_node_path(const Scope& scope, Text& out) {
  out.put("/sys/devices/system/node/node").number(scope.number);
}

} // namespace daxemu::sysfs
