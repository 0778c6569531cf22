#include "runtime/cli/top/extent_map.hpp"

#include <algorithm>
#include <numeric>

#include "emu/mm/folio_counts.hpp"

namespace daxemu::cli {
namespace {

constexpr std::array<const char*, kExtentStates> kNames = {"untouched", "touched", "dirty", "pinned", "poisoned"};

std::size_t index_of(ExtentState state) {
  return static_cast<std::size_t>(state);
}

} // namespace

const char* to_string(ExtentState state) {
  return kNames.at(index_of(state));
}

ExtentState state_of(const mm::FolioRecord& record, unsigned order) {
  const std::uint32_t flags = record.flags.load(std::memory_order_relaxed);
  const mm::FolioCounts counts = mm::counts_of(record);
  if ((flags & mm::kFolioHwpoison) != 0) {
    return ExtentState::poisoned;
  }
  if (order == 0 ? counts.refs >= mm::kPinBias : counts.pins > 0) {
    return ExtentState::pinned;
  }
  if ((flags & mm::kFolioDirty) != 0) {
    return ExtentState::dirty;
  }
  const bool touched = (flags & mm::kFolioTouched) != 0 || record.mapcount.load(std::memory_order_relaxed) > 0;
  return touched ? ExtentState::touched : ExtentState::untouched;
}

std::uint64_t ExtentCell::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

ExtentState ExtentCell::worst() const {
  for (std::size_t at = kExtentStates; at-- > 1;) {
    if (counts.at(at) > 0) {
      return static_cast<ExtentState>(at);
    }
  }
  return ExtentState::untouched;
}

double ExtentCell::heat() const {
  const std::uint64_t all = total();
  return all == 0 ? 0 : static_cast<double>(all - counts[0]) / static_cast<double>(all);
}

ExtentMap coarser(const ExtentMap& map, std::uint64_t cells) {
  const std::uint64_t merged = std::max<std::uint64_t>(1, (map.cells.size() + cells - 1) / cells);
  ExtentMap result{map.per_cell * merged, {}, map.totals};
  result.cells.resize((map.cells.size() + merged - 1) / merged);
  for (std::uint64_t at = 0; at < map.cells.size(); ++at) {
    for (std::size_t state = 0; state < kExtentStates; ++state) {
      result.cells[at / merged].counts.at(state) += map.cells[at].counts.at(state);
    }
  }
  return result;
}

Result<ExtentMap> map_extents(const mm::FolioTable& folios, int fd, unsigned order, std::uint64_t cells) {
  ExtentMap map;
  const std::uint64_t extents = folios.size();
  map.per_cell = std::max<std::uint64_t>(1, (extents + cells - 1) / cells);
  map.cells.resize((extents + map.per_cell - 1) / map.per_cell);
  for (std::uint64_t at = 0; at < map.cells.size(); ++at) {
    map.cells[at].counts[0] = std::min(map.per_cell, extents - at * map.per_cell);
  }
  const auto pieces = folios.touched(fd);
  if (!pieces) {
    return tl::unexpected(pieces.error());
  }
  map.totals[0] = extents;
  for (const mm::FolioTable::Piece& piece : *pieces) {
    for (std::uint64_t extent = piece.first; extent < std::min(piece.last, extents); ++extent) {
      if (const ExtentState state = state_of(folios[ExtentIndex(extent)], order); state != ExtentState::untouched) {
        ExtentCell& cell = map.cells[extent / map.per_cell];
        --cell.counts[0];
        ++cell.counts.at(index_of(state));
        --map.totals[0];
        ++map.totals.at(index_of(state));
      }
    }
  }
  return map;
}

} // namespace daxemu::cli
