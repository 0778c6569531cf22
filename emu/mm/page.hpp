// A page handle is arithmetic: the address its struct page would have in the kernel's vmemmap. Nothing lies there and
// nothing is ever read from there, so that tail pages cost no memory; page + 1 is the next page, as in the kernel.
#pragma once

#include <cstddef>

#include "emu/base/units.hpp"

struct daxemu_page; // what the C API calls struct daxemu_page: 64 bytes nobody may touch

namespace daxemu::mm {

using PagePtr = ::daxemu_page*;

inline constexpr std::uint64_t kStructPageSize = 64;                  // sizeof(struct page) on x86-64
inline constexpr std::uint64_t kVmemmapBase = 0xffff'ea00'0000'0000U; // VMEMMAP_START with four-level page tables
inline constexpr std::uint64_t kMaxPfn = 1ULL << 36;                  // MAX_PHYSMEM_BITS 48 less the page shift

[[nodiscard]] inline std::uint64_t page_bits(PagePtr page) {
  return reinterpret_cast<std::uint64_t>(page);
}
// pfn_to_page(), page_to_pfn() of SPARSEMEM_VMEMMAP (include/asm-generic/memory_model.h).
[[nodiscard]] inline PagePtr pfn_to_page(Pfn pfn) {
  return reinterpret_cast<PagePtr>(kVmemmapBase + pfn.value() * kStructPageSize);
}
[[nodiscard]] inline Pfn page_to_pfn(PagePtr page) {
  return Pfn((page_bits(page) - kVmemmapBase) / kStructPageSize);
}
// Is it a handle at all: aligned and within the vmemmap?
[[nodiscard]] inline bool is_page(PagePtr page) {
  const std::uint64_t offset = page_bits(page) - kVmemmapBase; // wraps below the base, and is then too large
  return offset % kStructPageSize == 0 && offset / kStructPageSize < kMaxPfn;
}

// Bytes of the processor's last cache; where that is unknown, little.
[[nodiscard]] std::size_t last_cache_size();

// pages[i] = first + i for i < count. The loop that bounds how fast a page array can be produced. An array that is
// filled call by call and is longer than `cache` bytes is written past the caches.
void fill_pages(PagePtr* pages, PagePtr first, std::size_t count, std::size_t cache = last_cache_size());

// How many of pages[0..count) from the first on are consecutive pages: 1 at least for count >= 1.
[[nodiscard]] std::size_t consecutive_pages(const PagePtr* pages, std::size_t count);

} // namespace daxemu::mm
