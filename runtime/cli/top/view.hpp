// How a snapshot of a platform looks on a screen.
#pragma once

#include "runtime/cli/top/canvas.hpp"
#include "runtime/cli/top/snapshot.hpp"

namespace daxemu::cli {

struct ViewOptions {
  std::size_t chosen = 0; // the device whose extent map is shown; past the end: the last
  bool paused = false;
  bool keys = true; // the line that says which keys do what
};

// Extent map cells that a screen of this size can show at most.
[[nodiscard]] std::uint64_t most_cells(int width, int height);

// Draws the snapshot on a screen of at least 40x10; what does not fit is left out and said to be.
[[nodiscard]] Canvas draw(const PlatformSnapshot& snapshot, int width, int height, const ViewOptions& options);

} // namespace daxemu::cli
