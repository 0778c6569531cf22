/* Files on FS_DAX memory: which of a device's extents are which file's pages, as a DAX file system keeps it, so that
 * truncation meets mappings and pins as in the kernel. Offsets and lengths are bytes, multiples of the device's align.
 * 0 or a negative errno; daxemu_last_error() has the words. Thread-safe but for daxemu_file_unlink(). */
#ifndef DAXEMU_FILE_H
#define DAXEMU_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <daxemu/device.h>

DAXEMU_BEGIN_C

struct daxemu_file;

/* For how long a call waits where the kernel waits without bound. */
#define DAXEMU_WAIT_FOREVER (~0U)

/* An empty file. -EINVAL: not a device of type FS_DAX (or of a set with DAXEMU_PGMAP_WAKE_ON_IDLE); -EOPNOTSUPP. */
DAXEMU_EXPORT int daxemu_file_create(struct daxemu_device* device, struct daxemu_file** file);
/* unlink(2) and the last close. -EBUSY while it is mapped, or when its pages are still pinned after `milliseconds`:
 * then the file is still there. */
DAXEMU_EXPORT int daxemu_file_unlink(struct daxemu_file* file, unsigned milliseconds);
/* Its identity: what daxemu_folio_mapping() says of its pages; never 0. */
DAXEMU_EXPORT uint64_t daxemu_file_id(const struct daxemu_file* file);
/* i_size: bytes. */
DAXEMU_EXPORT uint64_t daxemu_file_size(const struct daxemu_file* file);

/* fallocate(2): extents for [offset, offset + length), zeroed; the file grows if need be. -ENOSPC (nothing is changed),
 * -EINVAL. */
DAXEMU_EXPORT int daxemu_file_allocate(struct daxemu_file* file, uint64_t offset, uint64_t length);
/* ftruncate(2). What goes is unmapped, then its references must go (dax_break_layouts): -EBUSY when they have not after
 * `milliseconds`, and nothing is freed. Touches behind the new end are SIGBUS. Growing leaves a hole. */
DAXEMU_EXPORT int daxemu_file_truncate(struct daxemu_file* file, uint64_t size, unsigned milliseconds);
/* fallocate(2) with FALLOC_FL_PUNCH_HOLE, the same way. A touch of a hole allocates it (-ENOSPC: SIGBUS); the kernel
 * maps its zero page for a read until a write comes. */
DAXEMU_EXPORT int daxemu_file_punch(struct daxemu_file* file, uint64_t offset, uint64_t length, unsigned milliseconds);

/* mmap(2) with MAP_SHARED; it may reach beyond the file's end, where touches are SIGBUS until the file grows. Unmapped
 * by daxemu_munmap(). */
DAXEMU_EXPORT int daxemu_file_mmap(struct daxemu_file* file, size_t length, int prot, uint64_t offset, void** address);

DAXEMU_END_C

#endif
