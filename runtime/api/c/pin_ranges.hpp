// pin_user_folios() for calls of the C API that hand out something else.
#pragma once

#include <span>

#include "emu/gup/gup.hpp"

namespace daxemu::api {

// Runs of pages, or a negative errno that was reported. `site`: whom the ledger shall name.
[[nodiscard]] long pin_ranges(unsigned long start, unsigned long nr_pages, unsigned int flags,
                              std::span<gup::PageRange> ranges, const void* site);

} // namespace daxemu::api
