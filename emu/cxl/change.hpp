// Changing a CXL topology: as a whole or not at all.
#pragma once

#include "emu/dax/change.hpp"

namespace daxemu::cxl {

// A dax::Change in which the topology changes. What it was is kept until it is whole again: who finds the lock of a
// holder that died puts it back (restore_if_abandoned). The kernel changes it under cxl_region_rwsem and cxl_dpa_rwsem.
class Change {
public:
  // Blocks until nobody else changes anything. Errors: those of dax::Change::begin.
  [[nodiscard]] static Result<Change> begin(const store::Store& store);
  Change(Change&& other) noexcept;
  Change& operator=(Change&&) = delete;
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  ~Change();

private:
  Change(const store::Store& store, dax::Change change);
  const store::Store* store_;
  dax::Change change_;
};

} // namespace daxemu::cxl
