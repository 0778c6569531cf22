// What the nd bus knows of a pmem region: its namespace, and the devices that can hold it. All-zero bytes are a region
// without any.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/text/fixed_string.hpp"

namespace daxemu::store {

// What a namespace is used as, and what a device of the nd bus uses one as (enum nvdimm_claim_class). The last two are
// classes only: a btt whose layout is of version 2.0, and what no kernel knows.
enum class NdKind : std::uint32_t { none, btt, pfn, dax, btt2, unknown };

// Where the struct pages of a namespace are (enum nd_pfn_mode).
enum class NdPages : std::uint32_t { none, ram, pmem };

using Uuid = std::array<std::uint8_t, 16>;

// bttX.Y, pfnX.Y or daxX.Y of the nd bus (struct nd_btt, nd_pfn, nd_dax): a seed that nobody has asked anything of yet,
// or what holds the namespace.
struct NdHolderRecord {
  NdKind kind = NdKind::none; // none: the record is free
  std::uint32_t id = 0;       // the Y
  std::uint32_t bound = 0;    // 1: to dax_pmem, or a pfn or btt to nd_pmem
  std::uint32_t holds = 0;    // 1: the region's namespace
  std::uint32_t space = 0;    // of a region with labels: index + 1 of that namespace's RegionRecord
  std::uint32_t has_uuid = 0;
  NdPages pages = NdPages::none;
  std::uint64_t unit = 0; // bytes: the extents of a pfn or dax, the sectors of a btt (0: not chosen)
  Uuid uuid{};
};
inline constexpr std::size_t kMaxNdHolders = 12;

// What is written at the start of a namespace, and outlives whoever holds it (struct nd_pfn_sb, struct btt_sb).
struct NdInfoBlock {
  NdKind kind = NdKind::none; // whose it is; none: there is none
  NdPages pages = NdPages::none;
  std::uint32_t align = 0;     // bytes: the extents, or the sectors of a btt; 0: its data is where nobody can use it
  std::uint32_t start_pad = 0; // bytes that are not used before all else: of blocks that no kernel writes
  Uuid uuid{};
};

struct NdRegionRecord {
  std::uint32_t device = 0;  // index + 1 of the DeviceRecord of its memory, whether or not anybody has that device
  std::uint32_t unbound = 0; // 1: nd_region let go of it
  std::uint32_t dax_id = 0;  // id of the dax that is bound, or was last: what its device hangs below
  std::uint32_t read_only = 0;
  std::uint64_t align = 0;              // bytes that namespaces are allocated in; 0: 2M
  std::uint32_t force_raw = 0;          // of the namespace
  NdKind holder_class = NdKind::none;   // of the namespace: what is to be looked for on it
  NdInfoBlock info;                     // on the namespace
  std::array<std::uint32_t, 4> seeds{}; // by NdKind: index + 1 of the holder that waits; 0: none
  std::array<NdHolderRecord, kMaxNdHolders> holders{};
  std::uint64_t disk = 0;         // number (DISKSEQ) of the disk that nd_pmem has made of the namespace; 0: none
  std::uint32_t disk_node = 0;    // index + 1 of the NodeSlot that descriptors of the disk are of; 0: none
  std::uint32_t reserve_slot = 0; // index + 1 of the BackingSlot of what is not the memory of its device; 0: none yet
  // Of a region with labels (emu/dax/nd/nd_namespaces.hpp).
  std::uint32_t labelled = 0;         // 1: it is one; its namespaces have records of their own
  std::uint32_t namespace_seed = 0;   // index + 1 of the namespace that waits; 0: none
  std::uint32_t first_namespaces = 0; // how many it began with when nd_region took it
  // Of a namespace of such a region.
  std::uint32_t parent = 0;       // index + 1 of the region's RegionRecord; 0: this is no such namespace
  std::uint32_t namespace_id = 0; // the Y of namespaceX.Y
  std::uint32_t has_uuid = 0;
  Uuid uuid{};
  std::uint64_t sector_size = 0; // bytes (lbasize); 0: not chosen
  FixedString<64> alt_name;
  // Of a region of DIMMs that the firmware told of (NfitRecord).
  std::uint32_t first_dimm = 0; // index + 1 of its first one, behind which the others are; 0: it is of none
  std::uint32_t dimms = 0;
  std::uint32_t media_slot = 0; // index + 1 of the BackingSlot that has its bytes where no device has them
  // Of a namespace of a region with labels: 1: the file of its reserve has its bytes, and no more what the region is
  // made of. 0, while it is a disk: whoever made it one has not got that far.
  std::uint32_t disk_has_media = 0;
};

// What Intel's commands of health show and set of a DIMM (struct nd_intel_smart, struct nd_intel_smart_threshold).
struct NfitHealthRecord {
  std::uint32_t media_temperature = 0; // in sixteenths of a degree, as below
  std::uint32_t controller_temperature = 0;
  std::uint32_t spares = 0; // per cent
  std::uint32_t fatal = 0;
  std::uint32_t dirty = 0; // the last shutdown was
  std::uint32_t shutdowns = 0;
  std::uint32_t alarms = 0; // which of the three thresholds are watched
  std::uint32_t least_spares = 0;
  std::uint32_t most_media_temperature = 0;
  std::uint32_t most_controller_temperature = 0;
};

// nmemN of the firmware's table of DIMMs (struct nfit_mem, struct nvdimm), and what the DIMM keeps. Words of the table
// are as their bytes lie in it.
struct NfitDimmRecord {
  std::uint16_t id = 0;          // the N of nmemN
  std::uint16_t physical_id = 0; // of the machine's table of memory devices
  std::uint16_t vendor = 0;
  std::uint16_t date_made = 0; // 0: the table says neither when nor where it was made
  std::uint32_t handle = 0;    // NFIT device handle
  std::uint32_t serial = 0;
  std::uint32_t unbound = 0;     // 1: nvdimm let go of it
  std::uint32_t labels_slot = 0; // index + 1 of the BackingSlot of its label area
  std::uint32_t label_size = 0;  // bytes
  std::uint8_t place_made = 0;
  NfitHealthRecord health;
};
inline constexpr std::size_t kMaxNfitDimms = 16;

// A stretch of system addresses that the platform's firmware knows to be bad.
struct NfitBadRange {
  std::uint64_t start = 0;  // system physical address
  std::uint64_t length = 0; // bytes
};
inline constexpr std::size_t kMaxNfitBadRanges = 128;

struct NfitRecord {
  std::uint32_t dimms = 0; // how many of the table are used; 0: no such bus
  std::uint32_t mock = 0;  // 1: shown as the platform device of the kernel's nfit_test
  std::array<NfitDimmRecord, kMaxNfitDimms> dimm{};
  std::uint32_t scrubs = 0;     // that have been completed
  std::uint32_t bad_ranges = 0; // of `bad`, which a scrub finds
  std::uint32_t known_ranges = 0;
  std::uint32_t hw_error_scrub = 0;
  std::uint32_t ars_records = 0; // of `ars`
  std::uint64_t ars_start = 0;   // what the last ARS was asked of
  std::uint64_t ars_length = 0;
  std::array<NfitBadRange, kMaxNfitBadRanges> bad{};
  std::array<NfitBadRange, kMaxNfitBadRanges> known{}; // by the kernel (nvdimm_bus->badrange): what badblocks show
  std::array<NfitBadRange, kMaxNfitBadRanges> ars{};
};

} // namespace daxemu::store
