// Where the bytes of memdevs are: in a file each by device address, but those of which a region has made a device,
// which are in that device's file, in the order of its addresses. Only what was ever written is moved. The caller holds
// a Change, and no program has the device mapped that its driver let go of before.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/dax/device_bytes.hpp"
#include "emu/dax/drivers.hpp"

namespace daxemu::cxl {

// The bytes of a device of a CXL region, of its ranges as they are, from the memdevs into its (empty) file. Errors:
// ENOMEM (no pages for them); the memdevs still have them then.
Result<void> bring_media(const store::Store& store, store::DeviceRecord& device);
// And back: its file is to be emptied or freed. Errors: ENOMEM; the device still has them then.
Result<void> return_media(const store::Store& store, store::DeviceRecord& device);

// Changes the size, ranges or extents of a device as `change` does: while it does, the memdevs have the bytes.
// Errors: those of `change`, and ENOMEM.
template <class Change>
Result<void> with_media_returned(const store::Store& store, store::DeviceRecord& device, Change&& change) {
  if (store.region_of(device).cxl == 0 || dax::is_bound(device)) { // of a bound one nothing can be changed
    return change();
  }
  if (auto returned = return_media(store, device); !returned) {
    return returned;
  }
  if (auto renewed = dax::renew_bytes(store, device); !renewed) {
    return renewed;
  }
  auto changed = change();
  const auto brought = bring_media(store, device);
  return changed ? brought : changed;
}

} // namespace daxemu::cxl
