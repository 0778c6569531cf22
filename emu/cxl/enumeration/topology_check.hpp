// What a topology may be: refusals for people, each with the good values.
#pragma once

#include "emu/base/units.hpp"
#include "emu/cxl/enumeration/topology.hpp"

namespace daxemu::cxl {

inline constexpr std::uint64_t kCapacityUnit = 256ULL << 20; // SZ_256M: of memdevs, windows and decoders

// Errors (Problem): EINVAL, ENOSPC (more than the tables of a store hold).
[[nodiscard]] Outcome<void> check(const TopologySpec& spec);

} // namespace daxemu::cxl
