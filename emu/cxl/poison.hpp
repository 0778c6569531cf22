// The poison list of a memdev (Get Poison List, Inject Poison, Clear Poison), and what of it is in the memory that
// programs have mapped: a byte that a region decodes is poisoned in the device-dax too. There the extent fails at once,
// as if somebody had read it. The caller holds a Change.
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// cxl_inject_poison(): 64 bytes at `dpa`, source injected. Errors: EINVAL (not aligned to 64, or beyond the device),
// EBUSY (the list is full); poisoned already: ok.
Result<void> inject_poison(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t dpa);
// cxl_clear_poison(): the 64 bytes read zero again; so does the extent they are in, once nothing of it is poisoned.
// Errors: EINVAL.
Result<void> clear_poison(const store::Store& store, CxlMemdevRecord& memdev, std::uint64_t dpa);

} // namespace daxemu::cxl
