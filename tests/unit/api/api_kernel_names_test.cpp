// Kernel-style code, written as a driver would be, against daxemu/kernel.h: a registration as in ib_umem_get().
#include <string>
#include <vector>

#include <daxemu/gtest.hpp>
#include <daxemu/kernel.h>

namespace {

struct umem {
  struct page** pages;
  unsigned long npages;
};

int umem_get(struct umem* umem, unsigned long address, unsigned long npages) {
  unsigned long got = 0;
  while (got < npages) {
    const int pinned = pin_user_pages_fast(address + got * PAGE_SIZE, static_cast<int>(npages - got),
                                           FOLL_WRITE | FOLL_LONGTERM, umem->pages + got);
    if (pinned < 0) {
      unpin_user_pages(umem->pages, got);
      return pinned;
    }
    got += static_cast<unsigned long>(pinned);
  }
  umem->npages = got;
  return 0;
}
void umem_release(struct umem* umem) {
  for (unsigned long at = 0; at < umem->npages;) {
    struct folio* folio = page_folio(umem->pages[at]);
    const auto in = static_cast<unsigned long>(umem->pages[at] - folio_page(folio, 0));
    const unsigned long together = std::min(static_cast<unsigned long>(folio_nr_pages(folio)) - in, umem->npages - at);
    unpin_user_page_range_dirty_lock(umem->pages[at], together, true);
    at += together;
  }
}

class KernelNames : public testing::TestWithParam<std::string> {
protected:
  // References of a page that is mapped once: its own, and since 6.15 its page table entry's.
  static int mapped_once() { return GetParam() == "7.3" ? 2 : 1; }
};
INSTANTIATE_TEST_SUITE_P(Kernels, KernelNames, testing::ValuesIn(daxemu::kernels()), daxemu::KernelName());

TEST_P(KernelNames, ARegistrationCompilesUnchanged) {
  const daxemu::Platform platform("names", GetParam());
  platform.use();
  daxemu::DeviceOptions options;
  options.size = 8U << 20;
  options.mode = "emulate";
  const daxemu::Device device(platform, options);
  auto mapping = device.map(4U << 20);
  std::vector<struct page*> pages(1000);
  struct umem umem {
    pages.data(), 0
  };
  ASSERT_EQ(umem_get(&umem, mapping.address() + 3 * PAGE_SIZE, 1000), 0);
  EXPECT_EQ(page_to_pfn(pages[0]), device.first_pfn() + 3);
  EXPECT_EQ(pages[999] - pages[0], 999) << "page arithmetic";
  EXPECT_EQ(compound_head(pages[600]), pfn_to_page(device.first_pfn() + 512));
  EXPECT_EQ(folio_order(page_folio(pages[0])), 9U);
  EXPECT_TRUE(folio_maybe_dma_pinned(page_folio(pages[0])));
  umem_release(&umem);
  EXPECT_FALSE(folio_maybe_dma_pinned(page_folio(pages[0])));
  EXPECT_TRUE(folio_test_dirty(page_folio(pages[999])));
  EXPECT_EQ(folio_ref_count(page_folio(pages[999])), mapped_once());
  EXPECT_EQ(daxemu_bad_releases(), 0U);
}

// A driver's look at pages of all kinds, with the kernel's own names.
TEST_P(KernelNames, PagesSayWhatTheyAre) {
  const daxemu::Platform platform("names", GetParam());
  platform.use();
  daxemu::DeviceOptions options;
  options.size = 8U << 20;
  options.mode = "emulate";
  const daxemu::Device device(platform, options);
  const auto mapping = device.map(4U << 20);
  mapping.touch(2U << 20);
  struct page* page = pfn_to_page(device.first_pfn() + 512 + 7);
  struct folio* folio = page_folio(page);
  EXPECT_TRUE(is_zone_device_page(page));
  EXPECT_FALSE(is_device_private_page(page));
  EXPECT_FALSE(is_device_coherent_page(page));
  EXPECT_FALSE(is_pci_p2pdma_page(page));
  EXPECT_FALSE(is_zone_device_page(pfn_to_page(1)));
  EXPECT_TRUE(PageCompound(page));
  EXPECT_EQ(compound_order(page), 9U);
  EXPECT_EQ(folio_size(folio), 2UL << 20);
  EXPECT_EQ(folio_index(folio), 512U);
  EXPECT_NE(folio_mapping(folio), nullptr);
  EXPECT_EQ(folio_mapcount(folio), 1);
  EXPECT_TRUE(folio_try_get(folio));
  get_page(page);
  EXPECT_EQ(page_count(page), mapped_once() + 2);
  folio_put(folio);
  put_page(page);
  EXPECT_EQ(folio_ref_count(folio), mapped_once());
  EXPECT_EQ(memory_failure(page_to_pfn(page), 0), 0);
  EXPECT_TRUE(PageHWPoison(page));
  EXPECT_EQ(folio_mapcount(folio), 0);
  EXPECT_FALSE(folio_try_get(folio)) << "poisoned";
  EXPECT_EQ(memory_failure(1, 0), -ENXIO);
  EXPECT_EQ(daxemu_bad_releases(), 0U);
}

} // namespace
