/* Who holds a device: a file system, as a dax_device knows it (struct dax_holder_operations, since 6.0). He hears of
 * memory failures and of the device's end; and, which no kernel does, is asked before a long-term pin. For devices of
 * type FS_DAX, or of a set with DAXEMU_PGMAP_HOLDER. */
#ifndef DAXEMU_HOLDER_H
#define DAXEMU_HOLDER_H

#include <stddef.h>
#include <stdint.h>

#include <daxemu/device.h>
#include <daxemu/file.h>

DAXEMU_BEGIN_C

/* Flags of notify_failure, with the kernel's values. */
enum daxemu_mf_flags {
  DAXEMU_MF_MEM_PRE_REMOVE = 1 << 7 /* nothing failed: the device goes (kill_dax, not in 6.1) */
};

/* All may be NULL. Called from whatever thread caused them; must not throw, get or put the holder, map, unmap, pin or
 * touch device memory. */
struct daxemu_dax_holder_ops {
  size_t struct_size; /* sizeof(struct daxemu_dax_holder_ops): newer fields are optional */
  /* Bytes [offset, offset + length) of the device failed; all of it, length UINT64_MAX, when the device is unbound. 0:
   * handled; -EOPNOTSUPP: the generic handling follows; other errnos end it, memory_failure() returns them. */
  int (*notify_failure)(struct daxemu_device* device, uint64_t offset, uint64_t length, int mf_flags, void* holder);
  /* With DAXEMU_PGMAP_ASK_BEFORE_LONGTERM: may pages [first, first + nr_pages) of the folio be pinned for long? Asked
   * folio by folio, so page by page on extents of 4K. 0: they may; a negative errno: the pin ends before them, and
   * fails with that if it has no page yet. NULL: -EOPNOTSUPP. */
  int (*longterm_pin)(struct daxemu_device* device, struct daxemu_folio* folio, unsigned long first,
                      unsigned long nr_pages, void* holder);
};

/* fs_dax_get(): `holder` (not NULL) is the device's from now on; `ops` is copied. -EBUSY (another is), -EOPNOTSUPP
 * (memory that nobody can hold; a real device), -ENODEV (unbound), -EINVAL. */
DAXEMU_EXPORT int daxemu_fs_dax_get(struct daxemu_device* device, void* holder,
                                    const struct daxemu_dax_holder_ops* ops);
/* fs_put_dax(): it is no more, and none of its operations runs any more. Nothing where somebody else or nobody holds
 * the device: it was unbound. */
DAXEMU_EXPORT void daxemu_fs_put_dax(struct daxemu_device* device, void* holder);
/* dax_holder(): NULL: nobody. */
DAXEMU_EXPORT void* daxemu_dax_holder(const struct daxemu_device* device);

/* mf_dax_kill_procs(): what notify_failure calls for the file that is hit: bytes [offset, offset + length) of it are
 * poisoned (not with DAXEMU_MF_MEM_PRE_REMOVE) and taken out of every mapping, and who maps them is told. Holes stay
 * holes. 0, -ENOENT. */
DAXEMU_EXPORT int daxemu_mf_dax_kill_procs(struct daxemu_file* file, uint64_t offset, uint64_t length, int mf_flags);
/* Which byte of which file the device's byte at `offset` is: the file's identity, as daxemu_folio_mapping() says it of
 * a page that was mapped; 0: no file's. `file_offset` may be NULL. */
DAXEMU_EXPORT uint64_t daxemu_file_at(struct daxemu_device* device, uint64_t offset, uint64_t* file_offset);

DAXEMU_END_C

#endif
