// Files for devices that are created or grown later, by whatever process: empty ones made in advance, because only who
// builds the platform can make files that live as long as it does.
#pragma once

#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::backing {

// Registers spare files (Store::backing_slots), and nodes for as many devices (Store::node_slots), of small pages and
// of each size of huge pages that extents can have and `source` can make; none of them takes memory while empty.
// Returns what must stay open. Errors (Problem): those of making files, but for huge pages the machine lacks.
[[nodiscard]] Outcome<std::vector<UniqueFd>> add_spare_files(const store::Store& store, FileSource& source);

} // namespace daxemu::backing
