/* A plugin: pgmap operations of your own in unmodified programs. Built as a shared library that exports
 * daxemu_plugin(), named by DAXEMU_PLUGIN (or `daxemu run --plugin FILE`), and loaded in each process that maps an
 * emulated device.
 *
 *   static void mapped(const struct daxemu_plugin_folio* folio, void* data) { ... }
 *   static const struct daxemu_plugin_ops mine = {DAXEMU_PLUGIN_ABI, sizeof(mine), .type = "GENERIC", .mapped =
 * mapped}; DAXEMU_PLUGIN_EXPORT const struct daxemu_plugin_ops* daxemu_plugin(uint32_t abi) { return &mine; }
 *
 * The operations run in the program's process: with the engines handler and populate on a thread of daxemu's or in the
 * program's own mmap and munmap, with inline in the thread that touches, in a signal handler: there they must be
 * async-signal-safe. None may touch device memory but by folio->bytes, nor map or unmap it, nor wait for a thread that
 * may touch it; none may throw. */
#ifndef DAXEMU_PLUGIN_H
#define DAXEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include <daxemu/export.h>

DAXEMU_BEGIN_C

/* Grows when a plugin built before can no longer work; fields added at the end do not change it. */
#define DAXEMU_PLUGIN_ABI 1

/* An extent of a device. Valid during the call it is given to. */
struct daxemu_plugin_folio {
  const char* device; /* "dax0.0" */
  uint64_t offset;    /* bytes from the device's start */
  uint64_t pfn;       /* of its first page */
  uint64_t nr_pages;
  void* bytes;       /* page_address(): where they can be reached whatever is mapped; NULL for device-private memory */
  uint32_t refs;     /* references beyond the pgmap's own, over all processes */
  uint32_t pincount; /* pins of them; 0 for extents of one page */
};

struct daxemu_plugin_ops {
  uint32_t abi;         /* DAXEMU_PLUGIN_ABI */
  uint32_t struct_size; /* sizeof(struct daxemu_plugin_ops): newer fields are optional */
  const char* type;     /* what the devices' memory is: see pgmap.h; NULL: GENERIC, as the platform's kernel has it */
  uint32_t behaviours;  /* with type "custom": DAXEMU_PGMAP_* */
  const char* device;   /* the only device it is for, such as "dax0.1"; NULL: all of the platform */
  void* private_data;   /* handed to the operations */

  /* A device is mapped in this process for the first time; nonzero (a negative errno) makes the mmap fail with it. */
  int (*opened)(const char* device, uint64_t size, uint64_t align, void* private_data);
  /* The extent was touched for the first time in this process; was unmapped in it. */
  void (*mapped)(const struct daxemu_plugin_folio* folio, void* private_data);
  void (*unmapped)(const struct daxemu_plugin_folio* folio, void* private_data);
  /* With DAXEMU_PGMAP_FREE_HOOK_ON_IDLE: this process maps it no more and nobody holds a reference; or its data has
   * moved to RAM. */
  void (*folio_free)(const struct daxemu_plugin_folio* folio, void* private_data);
  /* With DAXEMU_PGMAP_DEVICE_SWAP_ENTRIES: some process touches it for the first time since the platform began. Brings
   * its bytes into `ram`, nr_pages pages; a negative errno makes the touch a SIGBUS. */
  int (*migrate_to_ram)(const struct daxemu_plugin_folio* folio, void* ram, void* private_data);
  /* Memory of an extent that this process had touched went bad. 0: handled, no thread is told early (PR_MCE_KILL);
   * -EOPNOTSUPP: the generic handling follows. */
  int (*memory_failure)(const struct daxemu_plugin_folio* folio, void* private_data);
  /* With DAXEMU_PGMAP_ASK_BEFORE_LONGTERM: before the process pins pages [first, first + nr_pages) of the extent for
   * long (io_uring's registered buffers, ibv_reg_mr), extent by extent. 0: it may; a negative errno is what the pin
   * fails with. NULL: -EOPNOTSUPP. In the thread that pins. */
  int (*longterm_pin)(const struct daxemu_plugin_folio* folio, uint64_t first, uint64_t nr_pages, void* private_data);
};

/* What a plugin exports. `abi` is daxemu's DAXEMU_PLUGIN_ABI; NULL: the plugin cannot work with that. Called once. */
typedef const struct daxemu_plugin_ops* daxemu_plugin_function(uint32_t abi);
#define DAXEMU_PLUGIN_EXPORT DAXEMU_EXPORT

DAXEMU_END_C

#endif
