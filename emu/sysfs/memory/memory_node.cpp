// nodeN of devices in system-ram mode (drivers/base/node.c). A node the machine does not have appears with its first
// block and goes with its last; one it has gets links to our blocks. The lists of nodes name ours beside the real ones.
#include <algorithm>
#include <array>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/memory/memory_blocks.hpp"
#include "emu/sysfs/families/memory_families.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

using store::BlockState;

bool has_blocks(const Scope& scope) {
  return nodes_with_blocks(scope).any();
}

void put_list(const NodeSet& nodes, Text& out) {
  bool first = true;
  for (std::size_t node = 0; node < kMaxNodes; ++node) {
    if (!nodes.test(node)) {
      continue;
    }
    std::size_t last = node;
    while (last + 1 < kMaxNodes && nodes.test(last + 1)) {
      ++last;
    }
    out.put(first ? "" : ",").number(node);
    if (last != node) {
      out.put("-").number(last);
    }
    first = false;
    node = last;
  }
  out.put("\n");
}

template <Literal Name, auto Matches>
Result<void> show_list(const Scope& scope, Text& out) {
  NodeSet nodes = dax::nodes_with(*scope.store, Matches);
  add_machine_list(Name.view(), nodes);
  put_list(nodes, out);
  return {};
}
bool any_state(BlockState) {
  return true;
}
bool is_online(BlockState state) {
  return state != BlockState::offline;
}
bool is_normal(BlockState state) {
  return state == BlockState::online_kernel;
}

std::uint64_t online_bytes(const Scope& scope) {
  std::uint64_t blocks = 0;
  each_block_of_node(scope, [&](std::string_view, const Scope& block) {
    blocks += is_online(dax::block_record(*scope.store, block.number)->state.load()) ? 1 : 0;
    return true;
  });
  return blocks * scope.store->platform().memory_block_size;
}

// Lines of a node nothing has been allocated from; the first two have its memory.
constexpr std::array kMemoryLines = std::to_array<std::string_view>({
    "MemTotal",       "MemFree",        "MemUsed",       "SwapCached",     "Active",        "Inactive",
    "Active(anon)",   "Inactive(anon)", "Active(file)",  "Inactive(file)", "Unevictable",   "Mlocked",
    "Dirty",          "Writeback",      "FilePages",     "Mapped",         "AnonPages",     "Shmem",
    "KernelStack",    "PageTables",     "SecPageTables", "NFS_Unstable",   "Bounce",        "WritebackTmp",
    "KReclaimable",   "Slab",           "SReclaimable",  "SUnreclaim",     "AnonHugePages", "ShmemHugePages",
    "ShmemPmdMapped", "FileHugePages",  "FilePmdMapped",
});
Result<void> show_meminfo(const Scope& scope, Text& out) {
  constexpr std::size_t kLabelWidth = 16;
  constexpr std::size_t kNumberWidth = 8;
  const std::uint64_t kilobytes = online_bytes(scope) >> 10;
  for (std::size_t line = 0; line < kMemoryLines.size(); ++line) {
    NameText number;
    number.number(line < 2 ? kilobytes : 0);
    out.put("Node ").number(scope.number).put(" ").put(kMemoryLines[line]).put(":");
    for (std::size_t at = kMemoryLines[line].size() + 1 + number.size(); at < kLabelWidth + kNumberWidth; ++at) {
      out.put(" ");
    }
    out.put(number.view()).put(" kB\n");
  }
  for (const std::string_view line : {"HugePages_Total:     0", "HugePages_Free:      0", "HugePages_Surp:      0"}) {
    out.put("Node ").number(scope.number).put(" ").put(line).put("\n");
  }
  return {};
}
// node_distance(): 10 to itself, 20 to the others where the firmware says nothing else.
Result<void> show_distance(const Scope& scope, Text& out) {
  NodeSet nodes = nodes_with_blocks(scope);
  add_machine_list("online", nodes);
  bool first = true;
  for (std::size_t node = 0; node < kMaxNodes; ++node) {
    if (nodes.test(node)) {
      out.put(first ? "" : " ").put(node == scope.number ? "10" : "20");
      first = false;
    }
  }
  out.put("\n");
  return {};
}

// The same of a node of the machine, whose firmware has said how far its own are from each other.
Result<void> show_old_distance(const Scope& scope, Text& out) {
  PathText path;
  path.put("/sys/devices/system/node/node").number(scope.number).put("/distance").put(std::string_view("\0", 1));
  auto raw = sys::open(path.view().data(), O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  const UniqueFd fd(*raw);
  char text[1024];
  const auto length = sys::pread(fd.get(), text, sizeof(text), 0);
  std::string_view own(text, length.value_or(0));
  if (own.ends_with('\n')) {
    own.remove_suffix(1);
  }
  out.put(own);
  NodeSet added = nodes_with_blocks(scope);
  for (std::size_t node = static_cast<std::size_t>(std::max(scope.store->platform().first_new_node, 0));
       node < kMaxNodes; ++node) {
    out.put(added.test(node) ? " 20" : "");
  }
  out.put("\n");
  return {};
}

store::PowerBits& power_of_node(const Scope& scope) {
  auto& all = scope.store->platform().node_power;
  return all[scope.number % all.size()];
}

constexpr NodeSpec kHugePageNodes[] = {
    attribute("free_hugepages", 0444, constant<"0">),
    attribute("nr_hugepages", 0644, constant<"0">),
    attribute("surplus_hugepages", 0444, constant<"0">),
};
constinit const Directory kHugePages = {kHugePageNodes};
constexpr NodeSpec kHugePageSizes[] = {
    directory("hugepages-1048576kB", kHugePages),
    directory("hugepages-2048kB", kHugePages),
};
constinit const Directory kHugePagePools = {kHugePageSizes};

// No page of such a node has failed by a machine check.
bool counts_failures(const Scope& scope) {
  return scope.store->profile().node_counts_failures;
}
bool reclaims(const Scope& scope) {
  return scope.store->profile().node_reclaims;
}
constexpr NodeSpec kFailureCounts[] = {
    attribute("delayed", 0444, constant<"0">), attribute("failed", 0444, constant<"0">),
    attribute("ignored", 0444, constant<"0">), attribute("recovered", 0444, constant<"0">),
    attribute("total", 0444, constant<"0">),
};
constinit const Directory kFailures = {kFailureCounts};

constexpr NodeSpec kNewNodeNodes[] = {
    attribute("compact", 0200, nullptr),
    attribute("cpulist", 0444, constant<"">),
    attribute("cpumap", 0444, constant<"0">),
    attribute("distance", 0444, show_distance),
    directory("hugepages", kHugePagePools),
    attribute("meminfo", 0444, show_meminfo),
    directory("memory_failure", kFailures, counts_failures),
    attribute("numastat", 0444,
              constant<"numa_hit 0\nnuma_miss 0\nnuma_foreign 0\ninterleave_hit 0\nlocal_node 0\nother_node 0">),
    directory("power", kPower<power_of_node>),
    attribute("reclaim", 0200, nullptr, nullptr, reclaims),
    link("subsystem", fixed_target<"/sys/bus/node">),
    attribute("uevent", 0644, nothing, store_uevent),
};
constexpr Family kBlockLinks[] = {{each_block_of_node, link("", memory_block_path)}};
constinit const Directory kNewNode = {kNewNodeNodes, kBlockLinks};
constexpr NodeSpec kOldNodeNodes[] = {attribute("distance", 0444, show_old_distance)};
constinit const Directory kOldNode = {kOldNodeNodes, kBlockLinks};

constexpr NodeSpec kNodesNodes[] = {
    attribute("has_memory", 0444, show_list<"has_memory", is_online>, nullptr, has_blocks),
    attribute("has_normal_memory", 0444, show_list<"has_normal_memory", is_normal>, nullptr, has_blocks),
    attribute("online", 0444, show_list<"online", any_state>, nullptr, has_blocks),
    attribute("possible", 0444, show_list<"possible", any_state>, nullptr, has_blocks),
};
constexpr Family kNodesFamilies[] = {
    {each_memory_node<true>, directory("", kNewNode)},
    {each_memory_node<false>, shared("", kOldNode)},
};
constexpr Family kBusFamilies[] = {{each_memory_node<true>, link("", memory_node_path)}};

} // namespace

constinit const Directory kMemoryNodes = {kNodesNodes, kNodesFamilies};
constinit const Directory kNodeBusDevices = {{}, kBusFamilies};

} // namespace daxemu::sysfs
