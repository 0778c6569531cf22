#include "registration.hpp"

#include <daxemu/daxemu.hpp>

Registration::Registration(daxemu_bus_master* master, const void* address, unsigned long nr_pages)
    : master_(master), nr_pages_(nr_pages) {
  daxemu_page_range range{};
  daxemu::checked(daxemu_pin_user_folios(reinterpret_cast<unsigned long>(address), nr_pages,
                                         DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM, &range, 1));
  first_ = range.page;
  const int mapped = range.nr_pages == nr_pages
                         ? daxemu_dma_map(master, first_, nr_pages, DAXEMU_DMA_BIDIRECTIONAL, &bus_address_)
                         : -ENOMEM;
  if (mapped < 0) {
    daxemu_unpin_user_folios(&range, 1, false);
    throw daxemu::Error(mapped);
  }
}

Registration::~Registration() {
  daxemu_dma_unmap(master_, bus_address_);
  daxemu_unpin_user_page_range_dirty_lock(first_, nr_pages_, true);
}
