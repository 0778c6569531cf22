// What is left of the bytes of memdevs when the power fails: of persistent memory that a file of the user's keeps what
// that has, of all other nothing. The caller holds a Change, and no program has the device mapped.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// Pages of the device that differ from what is kept are again as that, but those for which `stays` says so. `forgets`:
// nothing is kept, and the files are empty too. Returns how many extents differed. Memdevs that are shared do not lose
// their power with a host. Errors: ENOMEM, ENOSPC.
[[nodiscard]] Result<std::uint64_t> lose_media(const store::Store& store, store::DeviceRecord& device, bool forgets,
                                               FunctionRef<bool()> stays);
// The same of what no device has: volatile parts of memdevs, or all of them.
void lose_memdevs(const store::Store& store, bool forgets);

} // namespace daxemu::cxl
