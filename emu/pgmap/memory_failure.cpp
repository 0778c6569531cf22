#include "emu/pgmap/memory_failure.hpp"

#include <cstring>

#include "emu/pgmap/trace_points.hpp"

namespace daxemu::pgmap {

void mf_dax_kill_procs(const mm::Folio& folio, Pfn bad, MappingReach& reach, int mf_flags) {
  if ((mf_flags & kMfMemPreRemove) == 0) {
    folio.record().flags.fetch_or(mm::kFolioHwpoison); // before the unmapping: a fault in between must see it
    trace::note([&] {
      return trace::Event{.length = kPageSize << folio.order(),
                          .address = folio.pfn().value() << kPageShift,
                          .kind = trace::Kind::poison};
    });
  }
  reach.unmap_and_kill(folio, bad, static_cast<unsigned>(kPageShift) + folio.order());
}

Result<void> memory_failure(DevPagemap& pgmap, Pfn pfn, MappingReach& reach) {
  const auto pgoff = pgmap.pages().pgoff_of(pfn);
  if (!pgoff) {
    return fail(ENXIO); // pgmap_pfn_valid()
  }
  if (pgmap.ops().memory_failure) {
    const std::uint64_t since = trace::begin();
    auto handled = pgmap.ops().memory_failure(pfn, 1);
    trace_callback(since, "memory_failure", pfn, 1);
    if (handled || handled.error() != Errno{EOPNOTSUPP}) {
      return handled;
    }
  }
  if (pgmap.has(Behaviour::holder) && !pgmap.ops().memory_failure) {
    // pmem_pagemap_memory_failure() -> dax_holder_notify_failure()
    auto handled = pgmap.is_live() ? pgmap.holder().notify_failure(*pgoff << kPageShift, kPageSize, 0) : fail(ENXIO);
    if (handled || handled.error() != Errno{EOPNOTSUPP}) {
      return handled;
    }
  }
  if (!pgmap.has(Behaviour::generic_failure)) {
    return fail(ENXIO);
  }
  mf_dax_kill_procs(*mm::folio_of(pgmap.pages(), pgmap.pages().folio_at(*pgoff)), pfn, reach);
  return {};
}

Result<void> clear_poison(const mm::Folio& folio) {
  if (!folio.hwpoison()) {
    return fail(ENOENT);
  }
  const std::uint32_t allocated = (folio.record().flags.load() & mm::kFolioAllocated) != 0 ? 1 : 0;
  if (mm::counts_of(folio.record()).refs > allocated) {
    return fail(EBUSY);
  }
  mm::DevicePages& pages = folio.device();
  if (std::byte* bytes = pages.address_of(folio.extent().value() << folio.order()); bytes != nullptr) {
    std::memset(bytes, 0, kPageSize << folio.order());
  }
  folio.record().flags.fetch_and(~(mm::kFolioHwpoison | mm::kFolioDirty | mm::kFolioTouched));
  return {};
}

} // namespace daxemu::pgmap
