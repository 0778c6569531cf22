// Before bytes go back to memdevs or DIMMs, whose files may be on a full disk or a full tmpfs: nothing is let go of
// that cannot be kept. The kernel has no such case; its bytes stay where they are.
#pragma once

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// Room for what devices and disks have of regions that `is_meant` names: asked for before any of them is let go of.
// Errors: ENOSPC (a full disk or tmpfs), ENOMEM; nothing has changed then.
Result<void> make_return_room(const store::Store& store, FunctionRef<bool(const store::RegionRecord& whole)> is_meant);
// Of one region (of the nd bus, or of a namespace in it).
Result<void> make_return_room(const store::Store& store, const store::RegionRecord& region);

} // namespace daxemu::nd
