// A topology as somebody describes it, and its enumeration: which names and numbers the kernel gives to what it finds.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cxl {

struct MemdevSpec {
  std::uint64_t ram = 0;                 // bytes that are volatile, a multiple of 256M
  std::uint64_t pmem = 0;                // bytes that are persistent
  std::uint64_t either = 0;              // bytes that Set Partition Info divides
  std::uint64_t either_pmem = 0;         // of these, persistent at first
  std::uint64_t label_size = 0;          // bytes of the label area; 0: 1M if it can have persistent memory
  std::optional<std::uint64_t> serial{}; // nothing: the number of the memdev + 1
  std::uint32_t decoders = 4;            // of its endpoint: 1, 2, 4, 6, 8 or 10
  std::int32_t numa_node = -1;
  std::string share{};    // what its platform has it together with others by (emu/nd/share); empty: alone
  std::string firmware{}; // empty: kDefaultFirmware
};
inline constexpr const char* kDefaultFirmware = "BWFW VERSION 00"; // of QEMU's type-3 device

// What hangs below one root or downstream port: a memdev, or a switch with ports of its own.
struct BelowSpec;
struct SwitchSpec {
  std::vector<BelowSpec> ports; // of a type that is not complete yet: no initializer
  std::uint32_t decoders = 4;   // of the switch: 1, 2, 4, 6, 8 or 10
};
struct BelowSpec {
  std::vector<MemdevSpec> memdev{};      // one, or none
  std::vector<SwitchSpec> switches{};    // one, or none
  std::optional<std::uint32_t> number{}; // of the port, in target lists; nothing: its position among its siblings
};

struct HostBridgeSpec {
  std::vector<BelowSpec> root_ports{};
  std::uint32_t decoders = 4;         // of its port: 1, 2, 4, 6, 8 or 10; with one root port it has none of its own
  std::optional<std::uint32_t> bus{}; // its PCI bus; nothing: the lowest that is free behind the bridge before it
  bool bus_may_move = false;          // to the next that is free, where this machine has that bus
};

// A CXL Fixed Memory Window (CFMWS).
struct WindowSpec {
  std::uint64_t size = 4ULL << 30;       // bytes, a multiple of 256M times the ways
  std::vector<std::uint32_t> targets{0}; // host bridges by index: as many as it interleaves over
  std::uint32_t granularity = 256;       // bytes
  bool is_xor = false; // XOR arithmetic, as the mock has it: of interleaving windows only granules of 256
  bool ram = true;
  bool pmem = true;
  std::int32_t qos_class = 0;
  std::int32_t target_node = -1; // NUMA node that memory of it comes up on; -1: none
};

struct TopologySpec {
  std::vector<HostBridgeSpec> host_bridges{};
  std::vector<WindowSpec> windows{};
  std::uint64_t phys_start = 0;   // lowest address of a window; 0: dax::kFirstRegionStart
  std::uint32_t first_bus = 0x0c; // lowest PCI bus of a host bridge
  std::bitset<256> buses_taken{}; // that this machine has: none of ours is among them
  bool mock = false;              // shown as the kernel's cxl_test, whose host bridges are numbered from 0
};

// One host bridge, two volatile memdevs of `size` bytes each, two windows: what `--region cxl` gives.
[[nodiscard]] TopologySpec default_topology(std::uint64_t size);

// Enumerates it into a platform that has none: root0, a port for each host bridge, and memdevs in the order of their
// PCI addresses, each with the switches above it that have no port yet and an endpoint (the kernel probes them in any
// order). Windows are behind all dax regions. Errors (Problem): EINVAL (names what is wrong and the good values),
// ENOSPC (more than the tables hold), EEXIST; those of Change::begin.
[[nodiscard]] Outcome<void> enumerate(const store::Store& store, const TopologySpec& spec);

} // namespace daxemu::cxl
