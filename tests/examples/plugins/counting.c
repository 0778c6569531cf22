/* A plugin that counts what happens to the device-dax of a program it knows nothing of, and says it when the process
 * ends: DAXEMU_PLUGIN=./libcounting.so LD_PRELOAD=... ./app      or      daxemu run --plugin ./libcounting.so -- ./app
 */
#include <stdatomic.h>
#include <stdio.h>

#include <daxemu/pgmap.h>
#include <daxemu/plugin.h>

static atomic_ulong mapped, unmapped, freed, failed;

static int opened(const char* device, uint64_t size, uint64_t align, void* data) {
  (void)data;
  fprintf(stderr, "counting: %s of %lu bytes in extents of %lu\n", device, (unsigned long)size, (unsigned long)align);
  return 0;
}
static void count_mapped(const struct daxemu_plugin_folio* folio, void* data) {
  (void)folio;
  (void)data;
  ++mapped;
}
static void count_unmapped(const struct daxemu_plugin_folio* folio, void* data) {
  (void)folio;
  (void)data;
  ++unmapped;
}
static void count_freed(const struct daxemu_plugin_folio* folio, void* data) {
  (void)data;
  if (folio->refs == 0) {
    ++freed;
  }
}
static int count_failure(const struct daxemu_plugin_folio* folio, void* data) {
  (void)folio;
  (void)data;
  ++failed;
  return -95; /* -EOPNOTSUPP: the generic handling follows */
}

__attribute__((destructor)) static void say(void) {
  if (mapped + failed > 0) {
    fprintf(stderr, "counting: %lu mapped, %lu unmapped, %lu freed, %lu failed\n", mapped, unmapped, freed, failed);
  }
}

/* Device-dax, and the free hook that the kernel gives to other types of memory. */
static struct daxemu_plugin_ops ops = {.abi = DAXEMU_PLUGIN_ABI,
                                       .struct_size = sizeof(ops),
                                       .type = "custom",
                                       .opened = opened,
                                       .mapped = count_mapped,
                                       .unmapped = count_unmapped,
                                       .folio_free = count_freed,
                                       .memory_failure = count_failure};

DAXEMU_PLUGIN_EXPORT const struct daxemu_plugin_ops* daxemu_plugin(uint32_t abi) {
  ops.behaviours = DAXEMU_PGMAP_FILE_MAPPING | DAXEMU_PGMAP_COMPOUND | DAXEMU_PGMAP_COUNT_FROM_ONE |
                   DAXEMU_PGMAP_DIRECT_MAP | DAXEMU_PGMAP_WAIT_FOR_FOLIOS | DAXEMU_PGMAP_GENERIC_FAILURE |
                   DAXEMU_PGMAP_FREE_HOOK_ON_IDLE;
  return abi == DAXEMU_PLUGIN_ABI ? &ops : NULL;
}
