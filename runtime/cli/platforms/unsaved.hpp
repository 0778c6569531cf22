// What a run could not write back to its image, as where the disk is full, outlives it as a named platform.
#pragma once

#include <string>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

// Moves what was touched of the devices that have images to a new platform, which has the images from now on, and
// returns its name. Nobody may use `store` any more. Errors (Problem): those of create_named; ENOSPC (its memory has no
// room for it): what was written since the last mark is lost.
[[nodiscard]] Outcome<std::string> keep_unsaved(const store::Store& store);

// Is it such a platform?
[[nodiscard]] bool is_unsaved(std::string_view platform);

// Writes it back now and removes it, which is told. Errors (Problem): EBUSY (somebody uses it), those of write_back.
[[nodiscard]] Outcome<void> settle_unsaved(const std::string& platform);

} // namespace daxemu::cli
