// The pages of one device: its pfn ranges, the order of its folios, and their records.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/mm/folio_counts.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/mm/holder_table.hpp"
#include "emu/mm/page.hpp"

namespace daxemu::pgmap {
class DevPagemap;
}

namespace daxemu::mm {

// `nr_pages` page frames from `first` on, seen at page `pgoff` of the device (struct dev_dax_range in pages).
struct PfnRange {
  Pfn first;
  std::uint64_t nr_pages = 0;
  std::uint64_t pgoff = 0;
};

class DevicePages {
public:
  struct Spec {
    std::vector<PfnRange> ranges;
    unsigned order = 0; // log2 of pages in a folio: 0 for 4K extents, 9 for 2M, 18 for 1G, any between
    FolioTable folios;
    std::optional<HolderTable> holders; // nothing: nobody accounts who holds what
    std::byte* direct_map = nullptr;    // byte 0 of the device in this process (the kernel's linear map); may be absent
    bool starts_at_one = true;          // an idle page counts 1 (count_from_one)
  };
  // Errors (Problem, EINVAL): no range, a range that is not aligned to the order in pfn, pgoff and length, ranges that
  // overlap or leave a hole in pgoff, a table of too few folios, an order above 18.
  [[nodiscard]] static Outcome<std::shared_ptr<DevicePages>> make(Spec spec);

  [[nodiscard]] std::span<const PfnRange> ranges() const { return ranges_; }
  [[nodiscard]] unsigned order() const { return order_; }
  [[nodiscard]] std::uint64_t pages_per_folio() const { return 1ULL << order_; }
  [[nodiscard]] std::uint64_t folio_count() const { return folio_count_; }
  [[nodiscard]] const FolioTable& folios() const { return folios_; }
  [[nodiscard]] HolderTable* holders() const { return holders_ ? &*holders_ : nullptr; }
  [[nodiscard]] std::uint32_t idle_count() const { return starts_at_one_ ? 1 : 0; }

  // Page of the device (0 first) that `pfn` is; nothing where it is not ours.
  [[nodiscard]] std::optional<std::uint64_t> pgoff_of(Pfn pfn) const;
  // The range that `pfn` is in, from it on; nothing where it is not ours.
  [[nodiscard]] std::optional<PfnRange> run_of(Pfn pfn) const {
    for (const PfnRange& range : ranges_) { // at most 16 (store::kMaxRanges)
      if (pfn >= range.first && pfn - range.first < range.nr_pages) {
        const std::uint64_t in = pfn - range.first;
        return PfnRange{pfn, range.nr_pages - in, range.pgoff + in};
      }
    }
    return std::nullopt;
  }
  // The frame of page `pgoff` and how many frames from it on are consecutive. Errors: ENXIO beyond the device.
  [[nodiscard]] Result<PfnRange> run_at(std::uint64_t pgoff) const;
  [[nodiscard]] ExtentIndex folio_at(std::uint64_t pgoff) const { return ExtentIndex(pgoff >> order_); }
  // page_address() of page `pgoff`; nullptr without a direct map.
  [[nodiscard]] std::byte* address_of(std::uint64_t pgoff) const {
    return direct_map_ == nullptr ? nullptr : direct_map_ + (pgoff << kPageShift);
  }

  // folio->pgmap: set by who creates the pgmap, before anybody can find the pages.
  pgmap::DevPagemap* pgmap = nullptr;
  // Mappings count as references (entry_references); set with it.
  bool counts_entries = false;
  // What a trace calls the device by (trace::Event::minor).
  std::uint32_t minor = 0;

private:
  explicit DevicePages(Spec spec);

  std::vector<PfnRange> ranges_; // by pgoff, without holes
  unsigned order_ = 0;
  bool starts_at_one_ = true;
  std::uint64_t folio_count_ = 0;
  FolioTable folios_;
  mutable std::optional<HolderTable> holders_;
  std::byte* direct_map_ = nullptr;
};

// The counts that `gets` references and `pins` pins make on a folio of `order` (try_grab_folio in mm/gup.c).
[[nodiscard]] constexpr FolioCounts counts_for(unsigned order, std::uint32_t gets, std::uint32_t pins) {
  return order == 0 ? FolioCounts{gets + pins * kPinBias, 0} : FolioCounts{gets + pins, pins};
}

} // namespace daxemu::mm
