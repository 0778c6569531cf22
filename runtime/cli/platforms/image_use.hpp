// An image belongs to one platform at a time, or to any number that only read it.
#pragma once

#include <optional>
#include <string>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace daxemu::cli {

// Writes back now what earlier runs could not, of the images that `plan` names. Before a platform is made of it: then
// the directory of named platforms is locked, and what is written back goes from there. Errors (Problem): those of
// settle_unsaved.
[[nodiscard]] Outcome<void> settle_images(const PlatformPlan& plan);

// Makes the image of `device` if it is to have one that is not there yet, and sees to it that nobody else's platform
// writes to it. For a snapshot, returns what keeps writers away as long as it is open. Errors (Problem): EBUSY (a
// platform of this user has it; a write-back is under way), ENOENT (a snapshot of nothing), those of Image::create and
// Image::open.
[[nodiscard]] Outcome<std::optional<UniqueFd>> attach_image(const DevicePlan& device);

} // namespace daxemu::cli
