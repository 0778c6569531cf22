// Where the bytes of memdevs and of DIMMs are: in files of theirs, but those of which a region has made a device, which
// are in that device's file, in the order of its addresses; images keep what they had until it comes back. Only
// what was ever written is moved. The caller holds a Change, and no program has the device mapped that its driver let
// go of before.
#pragma once

#include <span>

#include "emu/base/result.hpp"
#include "emu/dax/device/device_bytes.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/nd/media/stripes.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// The bytes of a device of a CXL region, of its ranges as they are, from the memdevs into its (empty) file. Errors:
// ENOMEM (no pages for them); the memdevs still have them then.
Result<void> bring_media(const store::Store& store, store::DeviceRecord& device);
// And back: its file is to be emptied or freed. Errors: ENOMEM, ENOSPC (of images); the device still has them then.
Result<void> return_media(const store::Store& store, store::DeviceRecord& device);

// The same of a namespace of the nd bus that becomes a disk, and of one that is none any more: all of it, in the file
// of its reserve.
Result<void> bring_disk(const store::Store& store, store::RegionRecord& space);
Result<void> return_disk(const store::Store& store, store::RegionRecord& space);

// What return_media() and return_disk() write, while the device keeps its bytes: images are up to date. Errors: theirs.
Result<void> save_media(const store::Store& store, const store::DeviceRecord& device);
Result<void> save_disk(const store::Store& store, const store::RegionRecord& space);

// Bytes of a namespace that no device and no disk has, from its byte `offset` on. Errors: ENOMEM.
Result<void> read_media(const store::Store& store, const store::RegionRecord& space, std::uint64_t offset,
                        std::span<std::byte> into);
Result<void> write_media(const store::Store& store, const store::RegionRecord& space, std::uint64_t offset,
                         std::span<const std::byte> from);
// They are zeroes from now on; what was never written is left alone.
Result<void> zero_media(const store::Store& store, const store::RegionRecord& space, std::uint64_t offset,
                        std::uint64_t size);

// Bytes [from, to) of device addresses that are shared (emu/nd/share), into the file that all hosts have of them; all
// of them back; and what memdevs still have of what is there. Errors: ENOMEM, ENOSPC.
Result<void> bring_stretch(const store::Store& store, const RegionMedia& media, const store::BackingRecord& file,
                           std::uint64_t from, std::uint64_t to);
Result<void> return_stretch(const store::Store& store, const RegionMedia& media, const store::BackingRecord& file,
                            std::uint64_t size);
void clear_stretch(const store::Store& store, const RegionMedia& media, std::uint64_t from, std::uint64_t to);

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

} // namespace daxemu::nd
