// Topologies by name.
#pragma once

#include <string>

#include "runtime/cli/plan/cxl/cxl_plan.hpp"

namespace daxemu::cli {

inline constexpr const char* kDefaultPreset = "one-host";
inline constexpr const char* kMockPreset = "cxl_test";        // that of the kernel's mock
inline constexpr const char* kMockXorPreset = "cxl_test_xor"; // and with its option of XOR arithmetic

// What a preset is asked for with.
struct PresetWish {
  std::string name = kDefaultPreset;
  std::uint64_t size = 4ULL << 30; // bytes of its region, and of each memdev (cxl_test has its own)
  std::uint32_t ways = 1;          // that the region is interleaved
  std::int32_t numa_node = -1;     // of its memdevs; -1: none
  bool with_region = true;
};

// The names of all, with `between` between them.
[[nodiscard]] std::string known_presets(const char* between = ", ");

// Errors (Problem, EINVAL): no such preset; ways or a size that it cannot have (they name --preset, --ways, --size).
[[nodiscard]] Outcome<CxlPlan> cxl_preset(const PresetWish& wish);

} // namespace daxemu::cli
