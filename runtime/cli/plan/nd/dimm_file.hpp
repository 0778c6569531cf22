// "dimms", "bus", "align" and "namespaces" of a pmem region in a platform file.
#pragma once

#include "runtime/cli/plan/json/json_fields.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace daxemu::cli {

void read_dimms(Fields& fields, RegionPlan& region);
// Behind read_dimms(). Bytes that they take of the region, which has to say its size.
[[nodiscard]] std::uint64_t read_namespaces(Fields& fields, RegionPlan& region);

} // namespace daxemu::cli
