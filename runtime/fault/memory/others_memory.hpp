// Mappings of this process that are none of ours, where the call in question goes by their boundaries and today's
// kernel does not go about it as 6.1 does.
#pragma once

#include <cstdint>
#include <optional>

namespace daxemu::fault {

struct OthersMapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  bool shared = false;     // VM_MAYSHARE
  std::uint64_t inode = 0; // of the file; 0: there is none
};

// The mapping at `address`, or the next one behind it. None: there is none, or the kernel cannot be asked
// (before 6.11), and then it does itself what 6.1 does. Under the table's lock.
[[nodiscard]] std::optional<OthersMapping> others_mapping_from(std::uint64_t address) noexcept;

// Is every page of [start, end) mapped? Lock-free, async-signal-safe.
[[nodiscard]] bool all_mapped(std::uint64_t start, std::uint64_t end) noexcept;

// Is the page at `address` of a mapping that is sealed (mseal)? Lock-free, async-signal-safe.
[[nodiscard]] bool is_sealed_others(std::uint64_t address) noexcept;

// Does the kernel come through all of [start, end) with one of the rights in `right` (PROT_*)? Faults it in, as the
// call that wants to know will. Lock-free, async-signal-safe.
[[nodiscard]] bool others_reachable(std::uint64_t start, std::uint64_t end, int right) noexcept;

} // namespace daxemu::fault
