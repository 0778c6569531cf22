/* Pages and folios of device memory. A page handle is an address nobody may look at: page + 1 is the next page, as with
 * the kernel's struct page. The calls look into the platform of daxemu_platform_use(); a page of no device is an
 * order-0 folio of its own with no references. */
#ifndef DAXEMU_PAGE_H
#define DAXEMU_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <daxemu/export.h>

DAXEMU_BEGIN_C

struct daxemu_page {
  unsigned char opaque[64];
};
struct daxemu_folio {
  struct daxemu_page page; /* its head page: &folio->page is arithmetic */
};

/* pfn_to_page(): the handle of page frame `pfn` (physical address / 4K). No check: any number has one. */
DAXEMU_EXPORT struct daxemu_page* daxemu_pfn_to_page(unsigned long pfn);
/* page_to_pfn(). */
DAXEMU_EXPORT unsigned long daxemu_page_to_pfn(const struct daxemu_page* page);
/* compound_head(): the first page of the extent that `page` is in. */
DAXEMU_EXPORT struct daxemu_page* daxemu_compound_head(const struct daxemu_page* page);
/* page_folio(): that extent's folio. */
DAXEMU_EXPORT struct daxemu_folio* daxemu_page_folio(const struct daxemu_page* page);
/* page_address(): where this process has the page's bytes, NULL for memory without a direct map. */
DAXEMU_EXPORT void* daxemu_page_address(const struct daxemu_page* page);

/* folio_pfn(): frame of its head page. */
DAXEMU_EXPORT unsigned long daxemu_folio_pfn(const struct daxemu_folio* folio);
/* folio_order(): log2 of its pages; 9 for an extent of 2M. */
DAXEMU_EXPORT unsigned int daxemu_folio_order(const struct daxemu_folio* folio);
/* folio_nr_pages(): 1 << order. */
DAXEMU_EXPORT long daxemu_folio_nr_pages(const struct daxemu_folio* folio);
/* folio_ref_count(): references, those of pins, of an idle page's own and, since 6.15, of mappings included. */
DAXEMU_EXPORT int daxemu_folio_ref_count(const struct daxemu_folio* folio);
/* folio->_pincount: pins by page; 0 for order 0, whose pins are GUP_PIN_COUNTING_BIAS references each. */
DAXEMU_EXPORT int daxemu_folio_pincount(const struct daxemu_folio* folio);
/* folio_maybe_dma_pinned(): false positives for order 0, as in the kernel. */
DAXEMU_EXPORT bool daxemu_folio_maybe_dma_pinned(const struct daxemu_folio* folio);
/* folio_test_dirty(): PG_dirty. */
DAXEMU_EXPORT bool daxemu_folio_test_dirty(const struct daxemu_folio* folio);
/* folio_test_hwpoison(): PG_hwpoison; its memory has failed. */
DAXEMU_EXPORT bool daxemu_folio_test_hwpoison(const struct daxemu_folio* folio);
/* folio->index: page of the device at which its mapping began, as dax_set_mapping() leaves it; in pages. */
DAXEMU_EXPORT unsigned long daxemu_folio_index(const struct daxemu_folio* folio);
/* folio->mapping as a number: the identity of the file; 0: none. */
DAXEMU_EXPORT uint64_t daxemu_folio_mapping(const struct daxemu_folio* folio);

/* folio_try_get(): a plain reference, given back by daxemu_put_page() or daxemu_folio_put(). False: its count is 0, its
 * device is dying, the count is full, or it is no page of a device. */
DAXEMU_EXPORT bool daxemu_folio_try_get(struct daxemu_folio* folio);
/* folio_put(): gives up a plain reference. */
DAXEMU_EXPORT void daxemu_folio_put(struct daxemu_folio* folio);
/* Mappings of the folio that faults have told of, over all processes. */
DAXEMU_EXPORT int daxemu_folio_mapcount(const struct daxemu_folio* folio);
/* DAXEMU_PGMAP_* of the page's dev_pagemap; 0: it has none (is_zone_device_page). */
DAXEMU_EXPORT uint32_t daxemu_page_behaviours(const struct daxemu_page* page);
/* page->pgmap->owner; NULL: none. */
DAXEMU_EXPORT const void* daxemu_page_owner(const struct daxemu_page* page);
/* memory_failure(): the page goes bad, as daxemu_device_poison(). -ENXIO: no page of a device, or of one whose driver
 * handles its own failures; else what ops->memory_failure says. */
DAXEMU_EXPORT int daxemu_memory_failure(unsigned long pfn);

/* What struct pages for `size` bytes in folios of `order` cost the kernel, in bytes; -EINVAL. */
struct daxemu_vmemmap_cost {
  uint64_t plain;       /* 64 per page */
  uint64_t dedup;       /* with compound pages whose tails are shared */
  uint64_t altmap;      /* in the device */
  uint64_t pages_each;  /* vmemmap pages per folio */
  uint64_t kept_each;   /* of them kept by deduplication */
  uint64_t daxemu_most; /* what daxemu spends at most */
};
/* vmemmap_populate()'s bill, by arithmetic: `size` in bytes, a multiple of the folio's; 0 or -EINVAL. */
DAXEMU_EXPORT int daxemu_vmemmap_account(uint64_t size, unsigned order, struct daxemu_vmemmap_cost* cost);

DAXEMU_END_C

#endif
