// A change of a CXL topology of which everybody who listens is told: what was there and bound before is compared with
// what is afterwards, as AnnouncedChange does for the dax and nd buses.
#pragma once

#include "emu/cxl/change.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"

namespace daxemu::sysfs {

class AnnouncedCxlChange {
public:
  // Errors: those of cxl::Change::begin.
  [[nodiscard]] static Result<AnnouncedCxlChange> begin(const store::Store& store);
  AnnouncedCxlChange(AnnouncedCxlChange&& other) noexcept;
  AnnouncedCxlChange& operator=(AnnouncedCxlChange&&) = delete;
  AnnouncedCxlChange(const AnnouncedCxlChange&) = delete;
  AnnouncedCxlChange& operator=(const AnnouncedCxlChange&) = delete;
  ~AnnouncedCxlChange();

private:
  AnnouncedCxlChange(const store::Store& store, cxl::Change change);

  const store::Store* store_;
  cxl::Change change_; // keeps the topology as it was
  Presence devices_before_;
};

// Does something to the topology while nobody else changes anything.
template <class Action>
Result<void> changing_cxl(const Scope& scope, Action&& action) {
  auto change = AnnouncedCxlChange::begin(*scope.store);
  return change ? action() : tl::unexpected(change.error());
}

} // namespace daxemu::sysfs
