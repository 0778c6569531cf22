// Regions of DIMMs with labels: their files, and the namespaces they begin with.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/dax/builder.hpp"
#include "emu/nd/nfit/nfit.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace daxemu::cli {

struct NfitPlace {
  const RegionPlan* plan = nullptr;
  std::uint32_t region = 0;            // index of its record
  std::uint32_t media_slot = 0;        // index + 1, as the others
  std::vector<nd::NfitDimmSpec> dimms; // with the files of their labels
  std::uint64_t align = 0;             // bytes that namespaces are allocated in
};

// What regions of DIMMs cannot be, together or with others. Errors (Problem): EINVAL, ENOSPC (too many DIMMs).
[[nodiscard]] Outcome<void> check_nfit(const PlatformPlan& plan);

// The region's record, and the files of its bytes and of its DIMMs' labels, which `held` keeps open.
// Errors (Problem): those of dax::add_region, ENOSPC (no room for them), those of making files.
[[nodiscard]] Outcome<NfitPlace> add_nfit_region(store::Store& store, const RegionPlan& plan, dax::RegionSpec spec,
                                                 backing::FileSource& source, std::vector<UniqueFd>& held);

// The region on its bus, its namespaces, one in devdax mode for each device of the plan, and their drivers. After the
// platform's spare files were added. Errors (Problem): ENOSPC, ENOMEM.
[[nodiscard]] Outcome<void> add_nfit_devices(store::Store& store, const NfitPlace& place);

} // namespace daxemu::cli
