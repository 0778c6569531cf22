/* An emulated bus master with an IOMMU: reaches pinned device memory by bus address, and moves it from and to files. */
#ifndef DAXEMU_DMA_H
#define DAXEMU_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <daxemu/export.h>
#include <daxemu/page.h>

DAXEMU_BEGIN_C

/* enum dma_data_direction. */
enum daxemu_dma_direction {
  DAXEMU_DMA_BIDIRECTIONAL = 0,
  DAXEMU_DMA_TO_DEVICE = 1,  /* the bus master reads memory */
  DAXEMU_DMA_FROM_DEVICE = 2 /* the bus master writes memory */
};

struct daxemu_bus_master;

/* `translating`: bus addresses are those of daxemu_dma_map() only; else they are physical addresses. -ENODEV (no
 * platform in use). */
DAXEMU_EXPORT int daxemu_bus_master_create(bool translating, struct daxemu_bus_master** master);
/* Its mappings end with it. NULL is allowed. */
DAXEMU_EXPORT void daxemu_bus_master_destroy(struct daxemu_bus_master* master);

/* dma_map_page() for `nr_pages` consecutive pages: 0, and in `bus_address` where the bus master sees their first byte
 * (the physical address, if it does not translate). -EINVAL (no pages). That they are pinned is looked at on each
 * access. */
DAXEMU_EXPORT int daxemu_dma_map(struct daxemu_bus_master* master, struct daxemu_page* page, unsigned long nr_pages,
                                 enum daxemu_dma_direction direction, uint64_t* bus_address);
/* dma_unmap_page(): a later access there is -EFAULT. 0, or -ENOENT (nothing was mapped there). */
DAXEMU_EXPORT int daxemu_dma_unmap(struct daxemu_bus_master* master, uint64_t bus_address);

/* The bus master reads `size` bytes from, or writes them to, a bus address. 0, or -EFAULT (the IOMMU has no such
 * address), -EACCES (mapped for the other direction), -EPERM (not pinned), -ENODEV (the device is gone), -EIO
 * (poisoned), -ENXIO (no direct map). daxemu_last_error() names the bus address. */
DAXEMU_EXPORT int daxemu_dma_read(struct daxemu_bus_master* master, uint64_t bus_address, void* into, size_t size);
/* See daxemu_dma_read(). */
DAXEMU_EXPORT int daxemu_dma_write(struct daxemu_bus_master* master, uint64_t bus_address, const void* from,
                                   size_t size);

/* Storage to memory and back, by io_uring with registered buffers, several requests in flight: file bytes
 * [offset, offset + size). The bytes moved (fewer at the end of the file), or a negative errno. */
DAXEMU_EXPORT int64_t daxemu_dma_from_file(struct daxemu_bus_master* master, uint64_t bus_address, int fd,
                                           uint64_t offset, uint64_t size);
/* See daxemu_dma_from_file(). */
DAXEMU_EXPORT int64_t daxemu_dma_to_file(struct daxemu_bus_master* master, uint64_t bus_address, int fd,
                                         uint64_t offset, uint64_t size);

DAXEMU_END_C

#endif
