// A topology as somebody describes it, and its enumeration: which names and numbers the kernel gives to what it finds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cxl {

struct MemdevSpec {
  std::uint64_t ram = 0;        // bytes that are volatile, a multiple of 256M
  std::uint64_t pmem = 0;       // bytes that are persistent
  std::uint64_t either = 0;     // bytes that Set Partition Info divides; volatile at first
  std::uint64_t label_size = 0; // bytes of the label area; 0: 1M if there is persistent memory
  std::uint64_t serial = 0;     // 0: the number of the memdev + 1
  std::uint32_t decoders = 4;   // of its endpoint, 1 to 10
  std::int32_t numa_node = -1;
};

// What hangs below one root or downstream port: a memdev, or a switch with ports of its own.
struct BelowSpec;
struct SwitchSpec {
  std::vector<BelowSpec> ports;
  std::uint32_t decoders = 4; // of the switch, 1 to 10
};
struct BelowSpec {
  std::vector<MemdevSpec> memdev;   // one, or none
  std::vector<SwitchSpec> switches; // one, or none
};

struct HostBridgeSpec {
  std::vector<BelowSpec> root_ports;
  std::uint32_t decoders = 4; // of its port, 1 to 10
};

// A CXL Fixed Memory Window (CFMWS).
struct WindowSpec {
  std::uint64_t size = 4ULL << 30;       // bytes, a multiple of 256M times the ways
  std::vector<std::uint32_t> targets{0}; // host bridges by index: as many as it interleaves over
  std::uint32_t granularity = 256;       // bytes
  bool ram = true;
  bool pmem = true;
  std::int32_t qos_class = 0;
  std::int32_t target_node = -1; // NUMA node that memory of it comes up on; -1: none
};

struct TopologySpec {
  std::vector<HostBridgeSpec> host_bridges;
  std::vector<WindowSpec> windows;
};

// One host bridge, two volatile memdevs of `size` bytes each, two windows: what `--region cxl` gives.
[[nodiscard]] TopologySpec default_topology(std::uint64_t size);

// Enumerates it into a platform that has none. Addresses are below or above those of dax regions, never among them.
// Errors (Problem): EINVAL (names what is wrong and the good values), ENOSPC (more than the tables hold), EEXIST.
[[nodiscard]] Outcome<void> enumerate(const store::Store& store, const TopologySpec& spec);

} // namespace daxemu::cxl
