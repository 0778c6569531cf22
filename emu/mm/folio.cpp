#include "emu/mm/folio.hpp"

namespace daxemu::mm {

std::optional<Folio> page_folio(const MemMap& map, PagePtr page) {
  if (!is_page(page)) {
    return std::nullopt;
  }
  const Pfn pfn = page_to_pfn(page);
  DevicePages* pages = map.find(pfn);
  if (pages == nullptr) {
    return std::nullopt;
  }
  const std::uint64_t pgoff = *pages->pgoff_of(pfn);
  return Folio(*pages, pages->folio_at(pgoff), Pfn(align_down(pfn.value(), pages->pages_per_folio())));
}

PagePtr compound_head(const MemMap& map, PagePtr page) {
  const auto folio = page_folio(map, page);
  return folio ? folio->page() : page;
}

Result<Folio> folio_of(DevicePages& pages, ExtentIndex index) {
  auto run = pages.run_at(index.value() << pages.order());
  if (!run) {
    return tl::unexpected(run.error());
  }
  return Folio(pages, index, run->first);
}

} // namespace daxemu::mm
