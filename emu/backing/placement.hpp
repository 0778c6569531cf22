// Where on the machine a device's memory and its handler threads belong, as hwloc sees the machine.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/result.hpp"
#include "emu/store/records/records.hpp"

struct hwloc_topology;

namespace daxemu::backing {

struct NumaNode {
  int os_index = 0;
  std::uint64_t local_memory = 0; // bytes
};

class Topology {
public:
  // Reads this machine's topology. Errors: what hwloc says (Problem with its errno).
  [[nodiscard]] static Outcome<Topology> load();

  [[nodiscard]] std::vector<NumaNode> nodes() const;
  // The CPUs local to node `os_index`. Errors: ENODEV when the machine has no such node (the remedy lists those it
  // has).
  [[nodiscard]] Outcome<store::CpuMask> cpus_of(int os_index) const;
  // Asks that pages of `mapping` not yet allocated come from node `os_index`. For a shared mapping the policy stays
  // with the file, so later mappings by other processes follow it. Errors: ENODEV as above, hwloc_set_area_membind's.
  Outcome<void> bind_memory(const Mapping& mapping, int os_index) const;

private:
  struct Free {
    void operator()(hwloc_topology* topology) const;
  };
  explicit Topology(std::unique_ptr<hwloc_topology, Free> handle) : handle_(std::move(handle)) {}
  std::unique_ptr<hwloc_topology, Free> handle_;
};

} // namespace daxemu::backing
