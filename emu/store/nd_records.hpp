// What the nd bus knows of a pmem region: its namespace, and the devices that can hold it. All-zero bytes are a region
// without any.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/fixed_string.hpp"

namespace daxemu::store {

// What a namespace is used as, and what a device of the nd bus uses one as (enum nvdimm_claim_class).
enum class NdKind : std::uint32_t { none, btt, pfn, dax };

// Where the struct pages of a namespace are (enum nd_pfn_mode).
enum class NdPages : std::uint32_t { none, ram, pmem };

using Uuid = std::array<std::uint8_t, 16>;

// bttX.Y, pfnX.Y or daxX.Y of the nd bus (struct nd_btt, nd_pfn, nd_dax): a seed that nobody has asked anything of yet,
// or what holds the namespace.
struct NdHolderRecord {
  NdKind kind = NdKind::none; // none: the record is free
  std::uint32_t id = 0;       // the Y
  std::uint32_t bound = 0;    // 1: to dax_pmem
  std::uint32_t holds = 0;    // 1: the region's namespace
  std::uint32_t space = 0;    // of a region with labels: index + 1 of that namespace's RegionRecord
  std::uint32_t has_uuid = 0;
  NdPages pages = NdPages::none;
  std::uint64_t unit = 0; // bytes: the extents of a pfn or dax, the sectors of a btt (0: not chosen)
  Uuid uuid{};
};
inline constexpr std::size_t kMaxNdHolders = 12;

// What is written at the start of a namespace, and outlives whoever holds it (struct nd_pfn_sb).
struct NdInfoBlock {
  std::uint32_t present = 0;
  NdPages pages = NdPages::none;
  std::uint64_t align = 0;
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
  // Of a region with labels (emu/dax/nd_namespaces.hpp).
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
};

} // namespace daxemu::store
