/* get_user_pages and pin_user_pages with the kernel's contract: the number of pages, or a negative errno when there is
 * not even one. They look into the platform of daxemu_platform_use(). Errors beyond the kernel's: -ENODEV for memory
 * that is no device's of the platform. On a real device the kernel holds the pages too (a page in a pipe; for
 * FOLL_LONGTERM a registered buffer of io_uring), and its refusal is the call's: -EOPNOTSUPP for FOLL_LONGTERM up to
 * Linux 6.3. */
#ifndef DAXEMU_GUP_H
#define DAXEMU_GUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <daxemu/export.h>
#include <daxemu/page.h>

DAXEMU_BEGIN_C

/* FOLL_* with the kernel's values. */
enum daxemu_foll {
  DAXEMU_FOLL_WRITE = 0x01,
  DAXEMU_FOLL_GET = 0x04,
  DAXEMU_FOLL_FORCE = 0x10,
  DAXEMU_FOLL_NOWAIT = 0x20,
  DAXEMU_FOLL_NOFAULT = 0x80,
  DAXEMU_FOLL_HWPOISON = 0x100,
  DAXEMU_FOLL_LONGTERM = 0x10000,
  DAXEMU_FOLL_PIN = 0x40000,
  DAXEMU_FOLL_FAST_ONLY = 0x80000,
  DAXEMU_FOLL_PCI_P2PDMA = 0x100000,
  DAXEMU_FOLL_HONOR_NUMA_FAULT = 0x1000000
};

/* get_user_pages(): references on the `nr_pages` pages of 4K from address `start` on (rounded down to a page), faulting
 * them in where needed. `pages` takes that many entries; NULL: only fault in. Fewer pages than asked for where
 * something stopped it on the way. Errors, when not even one could be had: -EFAULT (no mapping there, or not with those
 * rights), -EINVAL (flags that contradict each other, FOLL_PIN), -EHWPOISON (the memory has failed),
 * -EOPNOTSUPP (memory that cannot be held for long, FOLL_LONGTERM), -EREMOTEIO (peer-to-peer memory without
 * FOLL_PCI_P2PDMA), -EBUSY, -ENOMEM (the ledger of holders is full), -ENODEV. */
DAXEMU_EXPORT long daxemu_get_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                                         struct daxemu_page** pages);
/* get_user_pages_fast(): what is present already is taken without the slow walk; FOLL_FAST_ONLY leaves it at that.
 * Counts in int; 0 for nr_pages <= 0. Errors: daxemu_get_user_pages(). */
DAXEMU_EXPORT int daxemu_get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags,
                                             struct daxemu_page** pages);
/* pin_user_pages(): as daxemu_get_user_pages(), but the pages' contents will be accessed (DMA), which FOLL_LONGTERM
 * says to be for as long as one likes. To be released by the unpin calls. Errors: those, -EINVAL for FOLL_GET. */
DAXEMU_EXPORT long daxemu_pin_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                                         struct daxemu_page** pages);
/* pin_user_pages_fast(): see daxemu_get_user_pages_fast(). */
DAXEMU_EXPORT int daxemu_pin_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags,
                                             struct daxemu_page** pages);
/* get_user_pages_remote(): see daxemu_get_user_pages(); of another process that has devices of this platform mapped, a
 * child for one. -ESRCH, -EPERM (ptrace's rules) too. */
DAXEMU_EXPORT long daxemu_get_user_pages_remote(pid_t pid, unsigned long start, unsigned long nr_pages,
                                                unsigned int gup_flags, struct daxemu_page** pages);
/* pin_user_pages_remote(): the same as pins. See daxemu_get_user_pages_remote(). */
DAXEMU_EXPORT long daxemu_pin_user_pages_remote(pid_t pid, unsigned long start, unsigned long nr_pages,
                                                unsigned int gup_flags, struct daxemu_page** pages);
/* put_page(): gives up one reference of get_user_pages. */
DAXEMU_EXPORT void daxemu_put_page(struct daxemu_page* page);

/* unpin_user_page(): gives up one pin of one page. */
DAXEMU_EXPORT void daxemu_unpin_user_page(struct daxemu_page* page);
/* unpin_user_pages(): the same for an array of `npages` pages. */
DAXEMU_EXPORT void daxemu_unpin_user_pages(struct daxemu_page** pages, unsigned long npages);
/* unpin_user_pages_dirty_lock(): marks their folios dirty first, if `make_dirty`. */
DAXEMU_EXPORT void daxemu_unpin_user_pages_dirty_lock(struct daxemu_page** pages, unsigned long npages,
                                                      bool make_dirty);
/* unpin_user_page_range_dirty_lock(): `npages` consecutive pages from `page` on. */
DAXEMU_EXPORT void daxemu_unpin_user_page_range_dirty_lock(struct daxemu_page* page, unsigned long npages,
                                                           bool make_dirty);
/* unpin_folios(): one pin of each of `nfolios` folios. */
DAXEMU_EXPORT void daxemu_unpin_folios(struct daxemu_folio** folios, unsigned long nfolios);

/* pin_user_pages_fast() by runs of pages instead of an entry per page. The number of runs, or a negative errno; fewer
 * pages than asked for are a success, and so is running out of entries. */
struct daxemu_page_range {
  struct daxemu_page* page;
  unsigned long nr_pages;
};
DAXEMU_EXPORT long daxemu_pin_user_folios(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                                          struct daxemu_page_range* ranges, size_t nr_ranges);
/* Releases what daxemu_pin_user_folios() returned; dirty first, if `make_dirty`. */
DAXEMU_EXPORT void daxemu_unpin_user_folios(const struct daxemu_page_range* ranges, size_t nr_ranges, bool make_dirty);

/* Releases that could not be (not held that often by this process, no such page) since the platform was made: a
 * driver's bug that the kernel would warn of. */
DAXEMU_EXPORT unsigned long daxemu_bad_releases(void);

DAXEMU_END_C

#endif
