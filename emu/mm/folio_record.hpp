// One record per extent of a device, none per tail page: what struct folio says of a compound page of the device's
// order. 64 bytes whatever the extent's size; all zero is the state of a folio nobody has touched.
#pragma once

#include <atomic>
#include <cstdint>

namespace daxemu::mm {

// Bits of FolioRecord::flags.
enum FolioFlag : std::uint32_t {
  kFolioTouched = 1U << 0,   // some process has touched it since the platform began (or since it was healed)
  kFolioDirty = 1U << 1,     // written to through a write mapping or by DMA
  kFolioHwpoison = 1U << 2,  // PG_hwpoison: memory_failure() has hit it
  kFolioAllocated = 1U << 3, // the driver has handed it out, which is one of its references (zone_device_page_init)
  kFolioLoaded = 1U << 4,    // its bytes were brought from the device's image (set for devices with one only)
  kFolioZeroed = 1U << 5,    // on hugetlb: its page was allocated before anybody touched it
  kFolioInUse = 1U << 6,     // with entry_references: mapped since its driver last heard that it is idle
};

struct alignas(64) FolioRecord {
  // folio->_refcount (low half: references beyond the pgmap's own; 0 is idle) and folio->_pincount (high half: pins of
  // folios of order >= 1). One word, so that a pin is one atomic step; change it through folio_counts.hpp only.
  std::atomic<std::uint64_t> counts{0};
  std::atomic<std::int32_t> mapcount{0}; // mappings of this extent over all processes, as far as faults told us
  std::atomic<std::uint32_t> flags{0};   // FolioFlag
  std::atomic<std::uint64_t> index{0};   // folio->index: page offset in its mapping
  std::atomic<std::uint64_t> mapping{0}; // folio->mapping: identity of the file or device it belongs to; 0: none
  std::atomic<std::uint64_t> loader{0};  // who brings its bytes from the image right now; 0: nobody
  std::uint64_t reserved[3] = {};
};
static_assert(sizeof(FolioRecord) == 64);

} // namespace daxemu::mm
