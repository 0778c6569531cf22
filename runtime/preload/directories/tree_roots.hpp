// Does a walk from here come to emulated entries? ftw(3) and fts(3) open directories inside the C library: walks that
// do are made here.
#pragma once

namespace daxemu::preload {

// `path` leads to an emulated entry or a directory with such, or is the root directory, which has /dev and /sys. False
// too if it is no path.
[[nodiscard]] bool holds_nodes(const char* path) noexcept;

} // namespace daxemu::preload
