/* Plain kernel names, for kernel-style code that is to compile unchanged in user space. Include it last. */
#ifndef DAXEMU_KERNEL_H
#define DAXEMU_KERNEL_H

#include <daxemu/device.h>
#include <daxemu/dma.h>
#include <daxemu/gup.h>

/* Own types, so that `page` and `folio` stay free as names of variables. */
struct page {
  struct daxemu_page daxemu;
};
struct folio {
  struct page page;
};

enum {
  FOLL_WRITE = DAXEMU_FOLL_WRITE,
  FOLL_GET = DAXEMU_FOLL_GET,
  FOLL_FORCE = DAXEMU_FOLL_FORCE,
  FOLL_NOWAIT = DAXEMU_FOLL_NOWAIT,
  FOLL_NOFAULT = DAXEMU_FOLL_NOFAULT,
  FOLL_HWPOISON = DAXEMU_FOLL_HWPOISON,
  FOLL_LONGTERM = DAXEMU_FOLL_LONGTERM,
  FOLL_PIN = DAXEMU_FOLL_PIN,
  FOLL_FAST_ONLY = DAXEMU_FOLL_FAST_ONLY,
  FOLL_PCI_P2PDMA = DAXEMU_FOLL_PCI_P2PDMA,
  FOLL_HONOR_NUMA_FAULT = DAXEMU_FOLL_HONOR_NUMA_FAULT
};
enum {
  DMA_BIDIRECTIONAL = DAXEMU_DMA_BIDIRECTIONAL,
  DMA_TO_DEVICE = DAXEMU_DMA_TO_DEVICE,
  DMA_FROM_DEVICE = DAXEMU_DMA_FROM_DEVICE
};

#ifndef PAGE_SHIFT
#define PAGE_SHIFT 12
#endif
#ifndef PAGE_SIZE
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#endif

static inline struct page* pfn_to_page(unsigned long pfn) {
  return (struct page*)daxemu_pfn_to_page(pfn);
}
static inline unsigned long page_to_pfn(const struct page* page) {
  return daxemu_page_to_pfn((const struct daxemu_page*)page);
}
static inline struct page* compound_head(const struct page* page) {
  return (struct page*)daxemu_compound_head((const struct daxemu_page*)page);
}
static inline struct folio* page_folio(const struct page* page) {
  return (struct folio*)daxemu_page_folio((const struct daxemu_page*)page);
}
static inline void* page_address(const struct page* page) {
  return daxemu_page_address((const struct daxemu_page*)page);
}
static inline struct page* folio_page(struct folio* folio, unsigned long n) {
  return (struct page*)folio + n;
}
static inline unsigned long folio_pfn(const struct folio* folio) {
  return daxemu_folio_pfn((const struct daxemu_folio*)folio);
}
static inline unsigned int folio_order(const struct folio* folio) {
  return daxemu_folio_order((const struct daxemu_folio*)folio);
}
static inline long folio_nr_pages(const struct folio* folio) {
  return daxemu_folio_nr_pages((const struct daxemu_folio*)folio);
}
static inline int folio_ref_count(const struct folio* folio) {
  return daxemu_folio_ref_count((const struct daxemu_folio*)folio);
}
static inline bool folio_maybe_dma_pinned(const struct folio* folio) {
  return daxemu_folio_maybe_dma_pinned((const struct daxemu_folio*)folio);
}
static inline unsigned long folio_size(const struct folio* folio) {
  return PAGE_SIZE << folio_order(folio);
}
static inline bool folio_test_large(const struct folio* folio) {
  return folio_order(folio) > 0;
}
static inline int folio_mapcount(const struct folio* folio) {
  return daxemu_folio_mapcount((const struct daxemu_folio*)folio);
}
/* folio->index and folio->mapping: an opaque handle has no fields. */
static inline unsigned long folio_index(const struct folio* folio) {
  return daxemu_folio_index((const struct daxemu_folio*)folio);
}
static inline void* folio_mapping(const struct folio* folio) {
  return (void*)(uintptr_t)daxemu_folio_mapping((const struct daxemu_folio*)folio);
}
static inline bool folio_test_hwpoison(const struct folio* folio) {
  return daxemu_folio_test_hwpoison((const struct daxemu_folio*)folio);
}
static inline bool PageHWPoison(const struct page* page) {
  return folio_test_hwpoison(page_folio(page));
}
static inline bool PageCompound(const struct page* page) {
  return folio_test_large(page_folio(page));
}
static inline unsigned int compound_order(const struct page* page) {
  return folio_order(page_folio(page));
}
static inline int page_count(const struct page* page) {
  return folio_ref_count(page_folio(page));
}
static inline bool folio_try_get(struct folio* folio) {
  return daxemu_folio_try_get((struct daxemu_folio*)folio);
}
/* Of a folio that the caller knows to be referenced. */
static inline void folio_get(struct folio* folio) {
  (void)daxemu_folio_try_get((struct daxemu_folio*)folio);
}
static inline void folio_put(struct folio* folio) {
  daxemu_folio_put((struct daxemu_folio*)folio);
}
static inline void get_page(struct page* page) {
  folio_get(page_folio(page));
}

static inline bool is_zone_device_page(const struct page* page) {
  return daxemu_page_behaviours((const struct daxemu_page*)page) != 0;
}
static inline bool is_device_private_page(const struct page* page) {
  return (daxemu_page_behaviours((const struct daxemu_page*)page) & DAXEMU_PGMAP_DEVICE_SWAP_ENTRIES) != 0;
}
static inline bool is_device_coherent_page(const struct page* page) {
  return (daxemu_page_behaviours((const struct daxemu_page*)page) & DAXEMU_PGMAP_MIGRATE_BEFORE_LONGTERM) != 0;
}
static inline bool is_pci_p2pdma_page(const struct page* page) {
  return (daxemu_page_behaviours((const struct daxemu_page*)page) & DAXEMU_PGMAP_PEER_TO_PEER) != 0;
}
/* `flags` (MF_*) say where the failure was seen; here it makes no difference. */
static inline int memory_failure(unsigned long pfn, int flags) {
  (void)flags;
  return daxemu_memory_failure(pfn);
}

static inline bool folio_test_dirty(const struct folio* folio) {
  return daxemu_folio_test_dirty((const struct daxemu_folio*)folio);
}

static inline long get_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                                  struct page** pages) {
  return daxemu_get_user_pages(start, nr_pages, gup_flags, (struct daxemu_page**)pages);
}
static inline int get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, struct page** pages) {
  return daxemu_get_user_pages_fast(start, nr_pages, gup_flags, (struct daxemu_page**)pages);
}
static inline long pin_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                                  struct page** pages) {
  return daxemu_pin_user_pages(start, nr_pages, gup_flags, (struct daxemu_page**)pages);
}
static inline int pin_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, struct page** pages) {
  return daxemu_pin_user_pages_fast(start, nr_pages, gup_flags, (struct daxemu_page**)pages);
}
static inline void put_page(struct page* page) {
  daxemu_put_page((struct daxemu_page*)page);
}
static inline void unpin_user_page(struct page* page) {
  daxemu_unpin_user_page((struct daxemu_page*)page);
}
static inline void unpin_user_pages(struct page** pages, unsigned long npages) {
  daxemu_unpin_user_pages((struct daxemu_page**)pages, npages);
}
static inline void unpin_user_pages_dirty_lock(struct page** pages, unsigned long npages, bool make_dirty) {
  daxemu_unpin_user_pages_dirty_lock((struct daxemu_page**)pages, npages, make_dirty);
}
static inline void unpin_user_page_range_dirty_lock(struct page* page, unsigned long npages, bool make_dirty) {
  daxemu_unpin_user_page_range_dirty_lock((struct daxemu_page*)page, npages, make_dirty);
}
static inline void unpin_folios(struct folio** folios, unsigned long nfolios) {
  daxemu_unpin_folios((struct daxemu_folio**)folios, nfolios);
}

#endif
