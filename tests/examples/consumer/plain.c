/* The same library from C, found by pkg-config: pins an extent and says what the kernel would. */
#include <stdio.h>

#include <daxemu/device.h>
#include <daxemu/kernel.h>

int main(void) {
  struct daxemu_platform* platform = NULL;
  struct daxemu_device* device = NULL;
  struct daxemu_device_spec spec = {
      .struct_size = sizeof(spec), .size = 4UL << 20, .align = 2UL << 20, .mode = "emulate"};
  struct page* pages[512];
  void* address = NULL;
  int pinned = 0;

  if (daxemu_platform_create("plain", &platform) != 0 || daxemu_device_open(platform, &spec, &device) != 0 ||
      daxemu_mmap(device, 2UL << 20, 3, 0, &address) != 0) {
    fprintf(stderr, "%s\n", daxemu_last_error());
    return 1;
  }
  pinned = pin_user_pages_fast((unsigned long)address, 512, FOLL_WRITE | FOLL_LONGTERM, pages);
  printf("%d pages of %s pinned, folio order %u, count %d\n", pinned, daxemu_device_name(device),
         folio_order(page_folio(pages[0])), folio_ref_count(page_folio(pages[0])));
  if (pinned != 512 || !folio_maybe_dma_pinned(page_folio(pages[511]))) {
    return 1;
  }
  unpin_user_pages(pages, 512);
  if (daxemu_munmap(address, 2UL << 20) != 0 || daxemu_device_close(device) != 0) {
    fprintf(stderr, "%s\n", daxemu_last_error());
    return 1;
  }
  return daxemu_platform_destroy(platform) == 0 ? 0 : 1;
}
