/* A plugin that is asked before memory is registered (io_uring's buffers, RDMA) and allows it in the first half of each
 * device only: device-dax with a gate that no kernel has.
 *   daxemu run --kernel 6.12 --size 8M --plugin libasked.so -- ./app */
#include <errno.h>
#include <stdio.h>

#include <daxemu/pgmap.h>
#include <daxemu/plugin.h>

static uint64_t half;
static unsigned long allowed, refused;

static int opened(const char* device, uint64_t size, uint64_t align, void* data) {
  (void)device, (void)align, (void)data;
  half = size / 2;
  return 0;
}
static int longterm_pin(const struct daxemu_plugin_folio* folio, uint64_t first, uint64_t nr_pages, void* data) {
  (void)data;
  if (folio->offset + (first + nr_pages) * 4096 > half) {
    ++refused;
    return -EPERM;
  }
  ++allowed;
  return 0;
}

__attribute__((destructor)) static void say(void) {
  if (allowed + refused > 0) {
    fprintf(stderr, "asked: %lu extents allowed, %lu refused\n", allowed, refused);
  }
}

static const struct daxemu_plugin_ops ops = {.abi = DAXEMU_PLUGIN_ABI,
                                             .struct_size = sizeof(ops),
                                             .type = "GENERIC+holder+deny_longterm_fast+ask_before_longterm",
                                             .opened = opened,
                                             .longterm_pin = longterm_pin};

DAXEMU_PLUGIN_EXPORT const struct daxemu_plugin_ops* daxemu_plugin(uint32_t abi) {
  return abi == DAXEMU_PLUGIN_ABI ? &ops : NULL;
}
