// The extents of a device, summed up into as many cells as there is room for.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "emu/mm/folio_table.hpp"

namespace daxemu::cli {

// What can be said of an extent; of several, the last in this order is shown.
enum class ExtentState : std::uint8_t { untouched, touched, dirty, pinned, poisoned };
inline constexpr std::size_t kExtentStates = 5;

[[nodiscard]] const char* to_string(ExtentState state);

// The state of one folio. `order` decides what its counts mean: at order 0 a pin is 1024 references.
[[nodiscard]] ExtentState state_of(const mm::FolioRecord& record, unsigned order);

struct ExtentCell {
  std::array<std::uint64_t, kExtentStates> counts{}; // extents by state

  [[nodiscard]] std::uint64_t total() const;
  [[nodiscard]] ExtentState worst() const;
  // Of its extents, the part that is not untouched: 0 to 1.
  [[nodiscard]] double heat() const;
};

struct ExtentMap {
  std::uint64_t per_cell = 1; // extents in a cell; the last cell may have fewer
  std::vector<ExtentCell> cells;
  std::array<std::uint64_t, kExtentStates> totals{};
};

// The same map in at most `cells` (at least 1) cells.
[[nodiscard]] ExtentMap coarser(const ExtentMap& map, std::uint64_t cells);

// At most `cells` (at least 1) cells. `fd` is the file the table was mapped from; what it has no memory for is
// untouched, so the cost is that of what was touched. Errors: lseek(2)'s.
[[nodiscard]] Result<ExtentMap> map_extents(const mm::FolioTable& folios, int fd, unsigned order, std::uint64_t cells);

} // namespace daxemu::cli
