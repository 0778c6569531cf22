// Takes and drops references or pins on runs of consecutive pages: folio by folio, the head's count once for all pages
// of it in the run (try_grab_folio and gup_put_folio in mm/gup.c), each entered in the holders' records.
#pragma once

#include "emu/mm/folio.hpp"

namespace daxemu::gup {

// Pages [pgoff, pgoff + nr_pages) of one device.
struct PageRun {
  mm::DevicePages* device = nullptr;
  std::uint64_t pgoff = 0;
  std::uint64_t nr_pages = 0;
};

struct Grabbed {
  std::uint64_t nr_pages = 0; // taken from the run's start
  int error = 0;              // why not all: ENOMEM (a count is full), EHWPOISON, EFAULT (the pgmap is dying), 0
};

// `pin`: as FOLL_PIN, else as FOLL_GET. Never half a folio: what it says was taken was, and nothing else.
[[nodiscard]] Grabbed grab_run(const PageRun& run, bool pin, const mm::HoldStamp& stamp);

// Drops one reference or pin per page. `dirty`: marks the folios first (unpin_user_pages_dirty_lock). Errors: ERANGE
// for folios this process does not hold that often, reported after all others have been dropped; counted in the
// device's FolioControl::refused.
Result<void> drop_run(const PageRun& run, bool pin, bool dirty);

} // namespace daxemu::gup
