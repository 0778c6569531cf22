// Plugins that cannot be used, each for its own reason.
#include <stddef.h>

#include <daxemu/plugin.h>

#ifdef BAD_FAILS_TO_OPEN
static int opened(const char* device, uint64_t size, uint64_t align, void* data) {
  (void)device;
  (void)size;
  (void)align;
  (void)data;
  return -16; // -EBUSY
}
#endif

#ifndef BAD_NO_PLUGIN
static const struct daxemu_plugin_ops ops = {
#ifdef BAD_OTHER_ABI
    .abi = DAXEMU_PLUGIN_ABI + 1,
#else
    .abi = DAXEMU_PLUGIN_ABI,
#endif
    .struct_size = sizeof(ops),
#ifdef BAD_FAILS_TO_OPEN
    .opened = opened,
#endif
#ifdef BAD_BAD_SET
    .type = "PRIVATE", // without migrate_to_ram
#endif
};

DAXEMU_PLUGIN_EXPORT const struct daxemu_plugin_ops* daxemu_plugin(uint32_t abi) {
  (void)abi;
#ifdef BAD_REFUSES
  return NULL;
#else
  return &ops;
#endif
}
#endif
