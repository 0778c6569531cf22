/* Scatter lists of pinned memory: from a user buffer to what a bus master works through, a bus address and a length for
 * each stretch, with no array of pages in between. As a driver does it: extract_iter_to_sg() pins, dma_map_sgtable()
 * makes bus addresses, dma_unmap_sgtable() and unpin_user_page_range_dirty_lock() end it. On emulated and on real
 * devices (daxemu/gup.h says what the kernel holds there). */
#ifndef DAXEMU_SG_H
#define DAXEMU_SG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <daxemu/dma.h>
#include <daxemu/export.h>
#include <daxemu/page.h>

DAXEMU_BEGIN_C

/* struct iov_iter of one user buffer (iov_iter_ubuf): what is left of it. Any byte may be the first and the last. */
struct daxemu_iov_iter {
  unsigned long address; /* next byte */
  size_t count;          /* bytes left */
};

/* struct scatterlist. */
struct daxemu_scatterlist {
  struct daxemu_page* page; /* where it begins */
  uint32_t offset;          /* bytes into that page, below 4096 */
  uint32_t reserved;
  uint64_t length;      /* bytes, of consecutive pages */
  uint64_t dma_address; /* bus address of its first byte, once it is mapped */
};

/* struct sg_table over entries of the caller's: `nents` of `max` are in use. Begin with { entries, 0, max }. */
struct daxemu_sg_table {
  struct daxemu_scatterlist* sgl;
  unsigned int nents;
  unsigned int max;
};

/* extract_iter_to_sg(): pins the pages of at most `maxsize` bytes from `iter` on, as daxemu_pin_user_pages_fast() with
 * `gup_flags`, appends them to `table`, and moves `iter` behind them. One entry is as long as page frames are
 * consecutive, at most `max_segment` bytes (a multiple of 4096; 0: no limit), as sg_alloc_append_table_from_pages()
 * makes them: an extent of 2M is one entry at most, and not 512; the kernel's function has an entry per page. Pages of
 * two devices are never in one entry. A stretch that goes on where the last entry ends makes that one longer.
 * The bytes extracted: fewer than asked for when the table is full, or when something stopped it on the way; then the
 * next call says what (the kernel's function gives all back instead). 0: nothing was asked for, no entry is left, or
 * DAXEMU_FOLL_FAST_ONLY found nothing that is mapped.
 * Errors, when not even one byte could be had: those of daxemu_pin_user_pages(); -EINVAL (max_segment);
 * -EFAULT (the bytes end beyond the last address). */
DAXEMU_EXPORT ssize_t daxemu_extract_iter_to_sg(struct daxemu_iov_iter* iter, size_t maxsize,
                                                struct daxemu_sg_table* table, size_t max_segment,
                                                unsigned int gup_flags);

/* dma_map_sgtable(): bus addresses for all entries, in their dma_address. All or none: 0, or -EINVAL (an entry without
 * a page or a length), -ENOMEM. Once for a table; entries that are appended later need a table of their own. */
DAXEMU_EXPORT int daxemu_dma_map_sg(struct daxemu_bus_master* master, struct daxemu_sg_table* table,
                                    enum daxemu_dma_direction direction);
/* dma_unmap_sgtable(): a later access at these bus addresses is -EFAULT. The pages stay pinned. */
DAXEMU_EXPORT void daxemu_dma_unmap_sg(struct daxemu_bus_master* master, struct daxemu_sg_table* table);

/* unpin_user_page_range_dirty_lock() for each entry, dirty first, if `make_dirty`; the table is empty afterwards. */
DAXEMU_EXPORT void daxemu_unpin_sg(struct daxemu_sg_table* table, bool make_dirty);

DAXEMU_END_C

#endif
