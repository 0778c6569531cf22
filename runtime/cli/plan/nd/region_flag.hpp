// --region's value, which says more than a kind where that has DIMMs: pmem,dimms=2,labels.
#pragma once

#include <string>

#include "emu/base/result.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace daxemu::cli {

// Are that many DIMMs possible, and is that a name of their bus (none: ACPI.NFIT)? Errors (Problem): EINVAL.
[[nodiscard]] Outcome<void> check_dimms(const std::string& bus, DimmPlan& dimms);

// Errors (Problem): EINVAL; they name the flag, the value and good ones.
[[nodiscard]] Outcome<void> read_region_flag(const std::string& text, store::RegionKind& kind, DimmPlan& dimms);

} // namespace daxemu::cli
