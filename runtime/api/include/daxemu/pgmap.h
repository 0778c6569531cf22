/* struct dev_pagemap's types, behaviours and operations. */
#ifndef DAXEMU_PGMAP_H
#define DAXEMU_PGMAP_H

#include <stdbool.h>
#include <stdint.h>

#include <daxemu/export.h>
#include <daxemu/page.h>

DAXEMU_BEGIN_C

/* Behaviours of device memory, each a place in the kernel that asks for the memory's type; the table with names,
 * effects and places is daxemu_pgmap_describe(). */
enum daxemu_pgmap_behaviour {
  DAXEMU_PGMAP_DENY_LONGTERM_FAST = 1 << 0,
  DAXEMU_PGMAP_DENY_LONGTERM = 1 << 1,
  DAXEMU_PGMAP_MIGRATE_BEFORE_LONGTERM = 1 << 2,
  DAXEMU_PGMAP_FREE_HOOK_ON_IDLE = 1 << 3,
  DAXEMU_PGMAP_WAKE_ON_IDLE = 1 << 4,
  DAXEMU_PGMAP_DEVICE_SWAP_ENTRIES = 1 << 5,
  DAXEMU_PGMAP_FILE_MAPPING = 1 << 6,
  DAXEMU_PGMAP_COMPOUND = 1 << 7,
  DAXEMU_PGMAP_PEER_TO_PEER = 1 << 8,
  DAXEMU_PGMAP_COUNT_FROM_ONE = 1 << 9,
  DAXEMU_PGMAP_DIRECT_MAP = 1 << 10,
  DAXEMU_PGMAP_WAIT_FOR_FOLIOS = 1 << 11,
  DAXEMU_PGMAP_GENERIC_FAILURE = 1 << 12,
  DAXEMU_PGMAP_DENY_FIXED_BUFFERS = 1 << 13,
  DAXEMU_PGMAP_DEVMAP_ENTRIES = 1 << 14,
  DAXEMU_PGMAP_ENTRY_REFERENCES = 1 << 15,
  DAXEMU_PGMAP_LONGTERM_WRITE_SLOW = 1 << 16,
  DAXEMU_PGMAP_PAGE_FREE_HOOK = 1 << 17,
  DAXEMU_PGMAP_HOLDER = 1 << 18,
  DAXEMU_PGMAP_PRE_REMOVE_NOTICE = 1 << 19,
  DAXEMU_PGMAP_ASK_BEFORE_LONGTERM = 1 << 20 /* no kernel's: see holder.h */
};

/* Of behaviour number `index`: its name, what it does and the kernel's place; false behind the last. */
struct daxemu_pgmap_behaviour_info {
  uint32_t flag;
  const char* name;
  const char* effect;
  const char* kernel;
};
DAXEMU_EXPORT bool daxemu_pgmap_describe(unsigned index, struct daxemu_pgmap_behaviour_info* info);

/* The behaviours of "GENERIC" (device-dax), "FS_DAX", "PRIVATE", "COHERENT" or "PCI_P2PDMA" in the kernel that
 * daxemu_profile() names, or of "GENERIC_6_1", "FS_DAX_7_3" and so on in that kernel; 0: no such type. */
DAXEMU_EXPORT uint32_t daxemu_pgmap_preset(const char* type);
/* The same in `kernel`, as daxemu_platform_create_as() takes it. */
DAXEMU_EXPORT uint32_t daxemu_pgmap_preset_of(const char* type, const char* kernel);

/* struct dev_pagemap_ops. All may be NULL where the behaviours need none. Called from whatever thread caused them,
 * which may be one of daxemu's own; must not throw, must not touch device memory but by daxemu_page_address(), and may
 * call back only what asks about pages. */
struct daxemu_dev_pagemap_ops {
  /* A folio's count fell idle (since 6.19; page_free is what kernels before call). */
  void (*folio_free)(struct daxemu_folio* folio, void* private_data);
  /* Brings the folio's bytes into `ram`; 0 or a negative errno. */
  int (*migrate_to_ram)(struct daxemu_folio* folio, void* ram, void* private_data);
  /* daxemu_migrate_to_device(): the folio is to have the bytes of `ram`; 0 or a negative errno. NULL: where the
   * processor reaches the memory, it is copied. */
  int (*migrate_to_device)(struct daxemu_folio* folio, const void* ram, void* private_data);
  /* 0: handled; -EOPNOTSUPP: the generic handling follows. */
  int (*memory_failure)(unsigned long pfn, unsigned long nr_pages, void* private_data);
  void (*mapped)(struct daxemu_folio* folio, void* private_data);
  void (*unmapped)(struct daxemu_folio* folio, void* private_data);
  /* What is from here on needs daxemu_device_spec.ops_size. */
  /* The hook of kernels up to 6.18, with the folio's first page (DAXEMU_PGMAP_PAGE_FREE_HOOK). Who gives both hooks
   * hears of the one that the kernel calls; who gives one hears of that. */
  void (*page_free)(struct daxemu_page* page, void* private_data);
};

DAXEMU_END_C

#endif
