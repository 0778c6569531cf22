// Where the bytes of shared memdevs are while regions decode them: hosts that interleave the same memdevs the same way
// from the same device addresses on have one file for it, which is what makes a byte that one writes the other's at
// once. Memory of processes is mapped by pages, and granules are smaller: hosts that interleave the same addresses
// otherwise cannot have them at the same time (EBUSY), one after the other they can.
#pragma once

#include "emu/base/result.hpp"
#include "emu/nd/share/share_file.hpp"

namespace daxemu::nd {

// Has the region a memdev that is shared?
[[nodiscard]] bool has_shared(const store::Store& store, const store::CxlRegionRecord& region);

// bring_media() and return_media() of a device of such a region. The first host to come brings the bytes, the last to
// leave returns them. Errors: ENOMEM; EBUSY (another host has one of the addresses, dealt out otherwise or as a disk;
// the device is of several ranges).
Result<void> join_stretch(const store::Store& store, store::DeviceRecord& device, const store::CxlRegionRecord& region);
Result<void> leave_stretch(const store::Store& store, store::DeviceRecord& device);

// What leave_stretch() of the last one writes, while all keep it.
Result<void> save_stretch(const store::Store& store, const store::DeviceRecord& device);

// A disk has its bytes in a file of its platform's: no other host has a region over them meanwhile. Errors: EBUSY,
// ENOMEM. `size`: bytes of the namespace, from byte `offset` of the region on.
Result<void> claim_for_disk(const store::Store& store, const store::CxlRegionRecord& region, std::uint64_t offset,
                            std::uint64_t size);
void unclaim_disk(const store::Store& store, const store::CxlRegionRecord& region, std::uint64_t offset);

// What a changer who died in between has claimed for this platform, and nothing of its uses: others can have it again.
// At the beginning of each change that is announced or of CXL's, after what he left was repaired.
void forget_lost_claims(const store::Store& store);

// Does another platform, or this one, have a device or disk of the memdev?
[[nodiscard]] bool is_shared_in_use(const store::Store& store, const store::CxlMemdevRecord& memdev);

// The platform ends: its memdevs have all that no other platform has. Errors: ENOMEM, ENOSPC of images.
Result<void> leave_share(const store::Store& store);

} // namespace daxemu::nd
