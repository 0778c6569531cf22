// What the machine's own memory takes of the numbers that emulated memory uses too: addresses, blocks, nodes.
#pragma once

#include <cstdint>
#include <string>

namespace daxemu::dax {

struct MachineMemory {
  std::uint64_t block_size = 128ULL << 20; // bytes of a memory block (block_size_bytes)
  std::uint64_t first_free_address = 0;    // behind the machine's last block, at least kFirstRegionStart, 1G aligned
  std::int32_t first_new_node = 1;         // no node of the machine has this number or a higher one
};

// Reads `system` (/sys/devices/system or a test's copy); what it does not say keeps its usual value.
[[nodiscard]] MachineMemory machine_memory(const std::string& system = "/sys/devices/system");

} // namespace daxemu::dax
