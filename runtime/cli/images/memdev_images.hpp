// Persistent memdevs whose media and labels are files of a user's folder (--image FOLDER with a CXL bus).
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

// Is it the file of a memdev's, and one of a user's?
[[nodiscard]] bool is_memdev_image(const store::BackingSlot& slot);
[[nodiscard]] bool has_memdev_images(const store::Store& store);

// What devices have of memdevs is in these files too, and they are on the disk: a mark that a power failure does not go
// behind. Programs go on. Returns how many devices there were. Errors (Problem): ENOSPC, ENOMEM, the disk's own.
[[nodiscard]] Outcome<std::uint64_t> sync_memdevs(const store::Store& store);
// The files are on the disk. Errors (Problem): the disk's own.
[[nodiscard]] Outcome<void> flush_memdev_images(const store::Store& store);

} // namespace daxemu::cli
