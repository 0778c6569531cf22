/* A plugin that makes the device memory which the processor cannot reach (MEMORY_DEVICE_PRIVATE): each page's first
 * touch brings its data from where the device has it, here computed from the page's number. For devices of 4K extents.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <daxemu/plugin.h>

static atomic_ulong moved, freed;

static int migrate_to_ram(const struct daxemu_plugin_folio* folio, void* ram, void* data) {
  const unsigned long page = folio->offset / 4096;
  char* text = malloc(64); /* as a real driver's would, this uses the C library */
  (void)data;
  if (text == NULL || folio->bytes != NULL || page == 13) {
    free(text);
    return -5; /* -EIO: the touch is a SIGBUS. Page 13 is lost. */
  }
  snprintf(text, 64, "page %lu of %s", page, folio->device);
  memset(ram, 0, 4096 * folio->nr_pages);
  memcpy(ram, text, strlen(text));
  free(text);
  ++moved;
  return 0;
}
static void folio_free(const struct daxemu_plugin_folio* folio, void* data) {
  (void)folio;
  (void)data;
  ++freed;
}

__attribute__((destructor)) static void say(void) {
  if (moved > 0) {
    fprintf(stderr, "remote_memory: %lu pages moved, %lu freed\n", moved, freed);
  }
}

static const struct daxemu_plugin_ops ops = {.abi = DAXEMU_PLUGIN_ABI,
                                             .struct_size = sizeof(ops),
                                             .type = "PRIVATE",
                                             .folio_free = folio_free,
                                             .migrate_to_ram = migrate_to_ram};

DAXEMU_PLUGIN_EXPORT const struct daxemu_plugin_ops* daxemu_plugin(uint32_t abi) {
  return abi == DAXEMU_PLUGIN_ABI ? &ops : NULL;
}
