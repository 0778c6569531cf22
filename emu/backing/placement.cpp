#include "emu/backing/placement.hpp"

#include <cstring>
#include <string>

#include <hwloc.h>

namespace daxemu::backing {
namespace {

std::string known_nodes(const std::vector<NumaNode>& nodes) {
  std::string text;
  for (const NumaNode& node : nodes) {
    text += (text.empty() ? "" : ", ") + std::to_string(node.os_index);
  }
  return text;
}

} // namespace

void Topology::Free::operator()(hwloc_topology* topology) const {
  hwloc_topology_destroy(topology);
}

Outcome<Topology> Topology::load() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) {
    return refuse(ENOMEM, "hwloc cannot start", "free some memory");
  }
  std::unique_ptr<hwloc_topology, Free> handle(raw);
  // Nodes without CPUs (memory expanders) matter here; I/O devices and caches do not.
  hwloc_topology_set_all_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_NONE);
  if (hwloc_topology_load(raw) != 0) {
    return refuse(errno, std::string("hwloc cannot read this machine's topology: ") + std::strerror(errno),
                  "run without --numa-node, or check that /sys is mounted");
  }
  return Topology(std::move(handle));
}

std::vector<NumaNode> Topology::nodes() const {
  std::vector<NumaNode> found;
  hwloc_obj_t node = nullptr;
  while ((node = hwloc_get_next_obj_by_type(handle_.get(), HWLOC_OBJ_NUMANODE, node)) != nullptr) {
    found.push_back({static_cast<int>(node->os_index), node->attr->numanode.local_memory});
  }
  return found;
}

Outcome<store::CpuMask> Topology::cpus_of(int os_index) const {
  hwloc_obj* const node = hwloc_get_numanode_obj_by_os_index(handle_.get(), static_cast<unsigned>(os_index));
  if (node == nullptr) {
    return refuse(ENODEV, "this machine has no NUMA node " + std::to_string(os_index),
                  "choose one of: " + known_nodes(nodes()));
  }
  store::CpuMask mask{};
  int cpu = -1;
  while ((cpu = hwloc_bitmap_next(node->cpuset, cpu)) != -1) {
    if (static_cast<std::size_t>(cpu) < store::kMaxCpus) {
      mask[static_cast<std::size_t>(cpu) / 64] |= 1ULL << (cpu % 64);
    }
  }
  return mask;
}

Outcome<void> Topology::bind_memory(const Mapping& mapping, int os_index) const {
  hwloc_obj* const node = hwloc_get_numanode_obj_by_os_index(handle_.get(), static_cast<unsigned>(os_index));
  if (node == nullptr) {
    return refuse(ENODEV, "this machine has no NUMA node " + std::to_string(os_index),
                  "choose one of: " + known_nodes(nodes()));
  }
  if (hwloc_set_area_membind(handle_.get(), mapping.data(), mapping.size(), node->nodeset, HWLOC_MEMBIND_BIND,
                             HWLOC_MEMBIND_BYNODESET) != 0) {
    return refuse(errno,
                  "memory cannot be bound to NUMA node " + std::to_string(os_index) + ": " + std::strerror(errno),
                  "run without --numa-node, or allow mbind(2) (seccomp profiles of containers often refuse it)");
  }
  return {};
}

} // namespace daxemu::backing
