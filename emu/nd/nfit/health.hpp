// The health of a DIMM of the firmware's table, as Intel's commands show and set it (NVDIMM_FAMILY_INTEL: struct
// nd_intel_smart, nd_intel_smart_threshold, nd_intel_smart_set_threshold, nd_intel_smart_inject in
// drivers/acpi/nfit/intel.h), with the values that the kernel's mock begins with and goes back to
// (tools/testing/nvdimm/test/nfit.c: smart_def, nfit_test_cmd_smart_inject).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// Functions of that family, and what of them a DIMM here has.
inline constexpr std::uint32_t kIntelSmart = 1;
inline constexpr std::uint32_t kIntelThreshold = 2;
inline constexpr std::uint32_t kIntelSetThreshold = 17;
inline constexpr std::uint32_t kIntelInject = 18;
// get_size, get_data, set_data are functions of the family, too.
inline constexpr std::uint64_t kDimmFunctions = 1U << kIntelSmart | 1U << kIntelThreshold | 1U << 4U | 1U << 5U |
                                                1U << 6U | 1U << kIntelSetThreshold | 1U << kIntelInject;

void reset_health(store::NfitHealthRecord& health);

// A call of the family: `payload` is what goes in, and what comes out behind it. Errors: ENOTTY (no such function),
// EINVAL (too short). The caller holds the configuration lock.
Result<void> call_health(store::NfitHealthRecord& health, std::uint32_t function, std::span<std::byte> payload);

} // namespace daxemu::nd
