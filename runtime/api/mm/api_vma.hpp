// One mapping that this process made through the API.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "emu/gup/address_space_view.hpp"
#include "emu/pgmap/file_layout.hpp"

namespace daxemu::api {

struct Vma {
  enum class Kind {
    device,  // the device's pages in their order
    file,    // the pages of a file on FS_DAX memory
    special, // entries with no pgmap and no struct page behind them (VM_PFNMAP)
  };
  Kind kind = Kind::device;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t pgoff = 0; // page of the device, or of the file, at `start`
  std::shared_ptr<mm::DevicePages> device;
  int fd = -1;                         // the device's bytes (borrowed)
  pgmap::FileLayout* layout = nullptr; // of a file's mapping
  pgmap::FileId file = 0;
  unsigned order = 0;   // log2 of the pages of an extent: of what one entry maps
  bool hugetlb = false; // an extent is one huge page of the backing
  bool watched = false; // its touches come to us by userfaultfd
  std::atomic<int> prot{0};

  bool has_swapped = false; // pages went back to device-private memory: their entries hold references
  std::vector<bool> backed; // of a file: pages of the device are behind the extent; by page_tables_

  // The page tables of a device's mapping: a bit per extent.
  std::unique_ptr<std::atomic<std::uint64_t>[]> present;
  // In its place where an extent's page need not be the device's next one: per extent, what is mapped there.
  static constexpr std::uint64_t kMoving = ~0ULL;        // a migration entry: whoever faults waits
  static constexpr std::uint64_t kInRam = 1ULL << 63;    // a page of the RAM pool, else one of the device
  std::unique_ptr<std::atomic<std::uint64_t>[]> entries; // 0: none; else page + 1, or kMoving

  [[nodiscard]] std::uint64_t extent_size() const { return kPageSize << order; }
  [[nodiscard]] std::uint64_t extents() const { return (end - start) / extent_size(); }
  [[nodiscard]] std::uint64_t extent_at(std::uint64_t address) const { return (address - start) / extent_size(); }
  [[nodiscard]] std::uint64_t address_of(std::uint64_t extent) const { return start + extent * extent_size(); }
  // Page of the device or file at the beginning of `extent`.
  [[nodiscard]] std::uint64_t page_of(std::uint64_t extent) const { return pgoff + (extent << order); }
  // Does a device page lie in the extent, by the page tables?
  [[nodiscard]] bool is_present(std::uint64_t extent) const {
    if (entries != nullptr) {
      const std::uint64_t entry = entries[extent].load(std::memory_order_acquire);
      return entry != 0 && (entry & kInRam) == 0; // kMoving has the bit too
    }
    return present != nullptr && (present[extent / 64].load(std::memory_order_acquire) >> (extent % 64) & 1) != 0;
  }
  // Returns whether it was so already.
  bool set_present(std::uint64_t extent) {
    const std::uint64_t bit = 1ULL << (extent % 64);
    return (present[extent / 64].fetch_or(bit) & bit) != 0;
  }
  bool clear_present(std::uint64_t extent) {
    const std::uint64_t bit = 1ULL << (extent % 64);
    return (present[extent / 64].fetch_and(~bit) & bit) != 0;
  }
};

} // namespace daxemu::api
