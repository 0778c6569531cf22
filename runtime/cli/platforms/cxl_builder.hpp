// Builds the CXL bus of a platform: enumerates it, gives its memdevs files, makes regions as an administrator does.
#pragma once

#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/plan/cxl/cxl_plan.hpp"

namespace daxemu::cli {

// Into a platform whose other regions are there. Windows begin at `phys_start` or behind, and come up on nodes
// of their own from `first_node` on (acpi_parse_cfmws). `location`: of the store. Files that must stay open are added
// to `held`. Errors (Problem): those of cxl::enumerate, of sharing (share_files.hpp) and of making files.
[[nodiscard]] Outcome<void> add_cxl_bus(store::Store& store, const CxlPlan& plan, std::uint64_t phys_start,
                                        std::int32_t first_node, const std::string& location,
                                        backing::FileSource& source, std::vector<UniqueFd>& held);

// The regions of the plan, and what they become; takes spare files. Errors (Problem): the kernel's, with the step that
// it refuses.
[[nodiscard]] Outcome<void> add_cxl_regions(store::Store& store, const CxlPlan& plan);

} // namespace daxemu::cli
