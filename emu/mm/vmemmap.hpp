// What struct pages for a device cost in the kernel, beside what daxemu itself spends on it
// (Documentation/mm/vmemmap_dedup.rst, mm/sparse-vmemmap.c).
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"

namespace daxemu::mm {

struct VmemmapCost {
  std::uint64_t plain = 0;       // bytes of RAM: 64 per 4K page, whatever the folios' order
  std::uint64_t dedup = 0;       // bytes of RAM with compound pages whose tail vmemmap pages are shared
  std::uint64_t altmap = 0;      // bytes of the device itself, none of RAM: an altmap is never deduplicated
  std::uint64_t pages_each = 0;  // vmemmap pages that describe one folio (8 at 2M, 4096 at 1G)
  std::uint64_t kept_each = 0;   // of them, kept by deduplication (VMEMMAP_RESERVE_NR, 2)
  std::uint64_t daxemu_most = 0; // bytes daxemu spends once every extent has been touched: 64 each and a constant
};

// Device-dax keeps 2 vmemmap pages per compound page (the head's and one of tails that all later ones are mapped to:
// vmemmap_populate_compound_pages), hugetlb 1. Only where a compound page has more than 2 (vmemmap_can_optimize).
inline constexpr std::uint64_t kVmemmapReserve = 2;

// For `size` bytes in folios of `order`. Errors: EINVAL when size is not a multiple of the folio.
[[nodiscard]] Result<VmemmapCost> vmemmap_cost(std::uint64_t size, unsigned order);

// Bytes of memory the file behind a device's folios occupies now: what daxemu really spends. Errors: fstat(2)'s.
[[nodiscard]] Result<std::uint64_t> folio_file_resident(int fd);

} // namespace daxemu::mm
