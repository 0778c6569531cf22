// One command on every kernel that there is a profile of, each time on a new platform.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "emu/base/profile.hpp"
#include "runtime/cli/kernels/kernel_table.hpp"
#include "runtime/cli/stage/stage.hpp"

namespace daxemu::cli {

// What the flags ask for, one plan for each profile in their order. Errors (Problem, EINVAL): stage_plan's; what there
// is only one of: a named platform, the machine's own device, an image that is written to.
[[nodiscard]] Outcome<std::vector<StagePlan>> every_kernel_plans(StageFlags flags);

// What to do before the command runs on a kernel; with its number among the plans.
using BeforeKernel = std::function<void(const Stage& stage, std::size_t at)>;

// Runs the command by each plan. What it prints on the first kernel is passed on. Its input, if that can be read again
// (a file), is the same each time, else /dev/null. When somebody asks for an end (Ctrl-C), that is the end of all.
[[nodiscard]] tl::expected<KernelTable, Refusal> play_on_every_kernel(const std::vector<StagePlan>& plans,
                                                                      const std::vector<std::string>& command,
                                                                      const IgnoredLines& ignored,
                                                                      const BeforeKernel& before);

} // namespace daxemu::cli
