// Changing a CXL topology: as a whole or not at all.
#pragma once

#include "emu/dax/change.hpp"

namespace daxemu::cxl {

// A dax::Change in which the topology changes. What it was is kept until it is whole again
// (emu/store/topology_undo.hpp): the next dax::Change after a holder that died puts it back. The kernel changes it
// under cxl_region_rwsem and cxl_dpa_rwsem.
class Change {
public:
  // Blocks until nobody else changes anything. Errors: those of dax::Change::begin.
  [[nodiscard]] static Result<Change> begin(const store::Store& store);
  Change(Change&& other) noexcept
      : store_(std::exchange(other.store_, nullptr)), poison_seen_(other.poison_seen_),
        change_(std::move(other.change_)) {}
  Change& operator=(Change&&) = delete;
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  ~Change();

  // Puts the topology back to what it was at the beginning.
  void undo();

private:
  Change(const store::Store& store, dax::Change change)
      : store_(&store), poison_seen_(store.cxl().poison_seen), change_(std::move(change)) {}
  const store::Store* store_;
  std::uint64_t poison_seen_ = 0; // at the beginning: platforms that share memdevs are told what is new at the end
  dax::Change change_;            // ends last
};

} // namespace daxemu::cxl
