// The flags of a CXL bus: what `--region cxl` stands for, and what does not go with it.
#pragma once

#include <string>
#include <vector>

#include "emu/base/result.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace daxemu::cli {

struct DeviceFlags;
struct DeviceWish;

struct CxlFlags {
  std::string preset;
  std::string ways;
  std::string share;
  bool no_device = false;
};

void add_cxl_flags(CLI::App& verb, CxlFlags& flags, std::vector<CLI::Option*>& options);

// Errors (Problem, EINVAL): one of `flags` without --region cxl.
[[nodiscard]] Outcome<void> check_without_cxl(const CxlFlags& flags);

// The platform of `--region cxl`; `options` are read already. Errors (Problem, EINVAL): flags that do not go with it,
// no such preset, sizes and ways that it cannot have; a kernel that has no such regions.
[[nodiscard]] Outcome<PlatformPlan> cxl_platform(const DeviceFlags& flags, const DeviceWish& wish,
                                                 const PlatformOptions& options);

} // namespace daxemu::cli
