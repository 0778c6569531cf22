// What kernel code asks of a page or a folio (include/linux/mm.h, include/linux/page_ref.h), answered by arithmetic on
// the device's geometry and the folio's record.
#pragma once

#include <optional>

#include "emu/mm/mem_map.hpp"

namespace daxemu::mm {

class Folio {
public:
  Folio(DevicePages& pages, ExtentIndex index, Pfn head) : pages_(&pages), index_(index), head_(head) {}

  [[nodiscard]] DevicePages& device() const { return *pages_; }
  [[nodiscard]] ExtentIndex extent() const { return index_; }
  [[nodiscard]] FolioRecord& record() const { return pages_->folios()[index_]; }

  [[nodiscard]] PagePtr page() const { return pfn_to_page(head_); }                  // &folio->page, the head page
  [[nodiscard]] Pfn pfn() const { return head_; }                                    // folio_pfn()
  [[nodiscard]] unsigned order() const { return pages_->order(); }                   // folio_order()
  [[nodiscard]] std::uint64_t nr_pages() const { return pages_->pages_per_folio(); } // folio_nr_pages()
  [[nodiscard]] bool large() const { return order() > 0; }                           // folio_test_large()

  // folio_ref_count(): an idle page counts 1 in some memory types (__init_zone_device_page); of device-dax and fs-dax
  // page table entries count since 6.15 (insert_page_into_pte_locked).
  [[nodiscard]] std::uint32_t ref_count() const {
    const std::int32_t entries = pages_->counts_entries ? record().mapcount.load(std::memory_order_seq_cst) : 0;
    return counts_of(record()).refs + pages_->idle_count() + (entries > 0 ? static_cast<std::uint32_t>(entries) : 0);
  }
  // _pincount; order 0 has none.
  [[nodiscard]] std::uint32_t pin_count() const { return counts_of(record()).pins; }
  // folio_maybe_dma_pinned(): exact for large folios; at order 0 a guess that 1024 plain references also satisfy.
  [[nodiscard]] bool maybe_dma_pinned() const { return large() ? pin_count() > 0 : ref_count() >= kPinBias; }

  [[nodiscard]] bool hwpoison() const { return (record().flags.load() & kFolioHwpoison) != 0; }
  [[nodiscard]] bool dirty() const { return (record().flags.load() & kFolioDirty) != 0; }
  // folio->index and folio->mapping, set as dax_set_mapping (drivers/dax/device.c) does on a fault: the folio's page
  // offset in its file, and the file's identity.
  [[nodiscard]] std::uint64_t index() const { return record().index.load(); }
  [[nodiscard]] std::uint64_t mapping() const { return record().mapping.load(); }
  void set_mapping(std::uint64_t mapping, std::uint64_t index) const {
    record().index.store(index);
    record().mapping.store(mapping);
  }

private:
  DevicePages* pages_;
  ExtentIndex index_;
  Pfn head_;
};

// page_folio(); nothing where `page` belongs to no device the map knows.
[[nodiscard]] std::optional<Folio> page_folio(const MemMap& map, PagePtr page);
// compound_head(); the page itself where it belongs to no device.
[[nodiscard]] PagePtr compound_head(const MemMap& map, PagePtr page);
// The folio of extent `index`. Errors: ENXIO beyond the device.
[[nodiscard]] Result<Folio> folio_of(DevicePages& pages, ExtentIndex index);

} // namespace daxemu::mm
