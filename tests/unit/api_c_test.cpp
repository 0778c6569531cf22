// Parts of the C API that have no C++ form.
#include <string>

#include <gtest/gtest.h>

#include <daxemu/device.h>
#include <daxemu/gup.h>

namespace {

TEST(CApi, BehavioursAreListedAndPresetsAreSetsOfThem) {
  uint32_t all = 0;
  daxemu_pgmap_behaviour_info info{};
  unsigned index = 0;
  for (; daxemu_pgmap_describe(index, &info); ++index) {
    EXPECT_EQ(info.flag, 1U << index);
    EXPECT_NE(std::string(info.kernel), "");
    all |= info.flag;
  }
  EXPECT_EQ(index, 14U);
  EXPECT_EQ(daxemu_pgmap_preset("GENERIC_6_1"),
            (daxemu_pgmap_preset("GENERIC") & ~static_cast<uint32_t>(DAXEMU_PGMAP_WAIT_FOR_FOLIOS)) |
                static_cast<uint32_t>(DAXEMU_PGMAP_DENY_LONGTERM_FAST) |
                static_cast<uint32_t>(DAXEMU_PGMAP_DENY_FIXED_BUFFERS));
  EXPECT_EQ(daxemu_pgmap_preset("nothing"), 0U);
  EXPECT_EQ(daxemu_pgmap_preset(nullptr), 0U);
  EXPECT_EQ(all & static_cast<uint32_t>(DAXEMU_PGMAP_GENERIC_FAILURE),
            static_cast<uint32_t>(DAXEMU_PGMAP_GENERIC_FAILURE));
}

TEST(CApi, SaysWhichKernelItMirrors) {
  EXPECT_STREQ(daxemu_profile(), "linux-6.12");
  EXPECT_NE(daxemu_pgmap_preset("GENERIC_6_1"), 0U) << "the type of that kernel's device-dax";
}

TEST(CApi, VmemmapIsAccounted) {
  daxemu_vmemmap_cost cost{};
  ASSERT_EQ(daxemu_vmemmap_account(1ULL << 40, 9, &cost), 0);
  EXPECT_EQ(cost.plain, 16ULL << 30);
  EXPECT_EQ(cost.dedup, 4ULL << 30);
  EXPECT_EQ(daxemu_vmemmap_account(4097, 0, &cost), -EINVAL);
}

TEST(CApi, WithoutAPlatformThereIsNothing) {
  daxemu_platform_use(nullptr);
  daxemu_page* page = nullptr;
  EXPECT_EQ(daxemu_pin_user_pages(0x1000, 1, 0, &page), -ENODEV);
  EXPECT_NE(std::string(daxemu_last_error()).find("daxemu_platform_create"), std::string::npos);
  EXPECT_EQ(daxemu_folio_ref_count(daxemu_page_folio(daxemu_pfn_to_page(5))), 0);
}

TEST(CApi, AnOtherVersionsSpecIsRefused) {
  daxemu_platform* platform = nullptr;
  ASSERT_EQ(daxemu_platform_create("c", &platform), 0);
  daxemu_device_spec spec{};
  spec.struct_size = 8;
  daxemu_device* device = nullptr;
  EXPECT_EQ(daxemu_device_open(platform, &spec, &device), -EINVAL);
  EXPECT_EQ(daxemu_platform_destroy(platform), 0);
}

TEST(CApi, AFullPlatformIsNotDestroyed) {
  daxemu_platform* platform = nullptr;
  ASSERT_EQ(daxemu_platform_create("c", &platform), 0);
  daxemu_device_spec spec{};
  spec.struct_size = sizeof(spec);
  spec.size = 2 << 20;
  spec.align = 2 << 20;
  spec.mode = "emulate";
  daxemu_device* device = nullptr;
  ASSERT_EQ(daxemu_device_open(platform, &spec, &device), 0) << daxemu_last_error();
  EXPECT_STREQ(daxemu_device_name(device), "dax0.0");
  EXPECT_EQ(daxemu_platform_destroy(platform), -EBUSY);
  void* address = nullptr;
  ASSERT_EQ(daxemu_mmap(device, 2 << 20, 3, 0, &address), 0);
  EXPECT_EQ(daxemu_device_close(device), -EBUSY);
  EXPECT_EQ(daxemu_munmap(address, 1 << 20), -EINVAL);
  daxemu_page* page = nullptr;
  ASSERT_EQ(daxemu_get_user_pages_fast(reinterpret_cast<unsigned long>(address), 1, 0, &page), 1);
  EXPECT_EQ(daxemu_munmap(address, 2 << 20), 0);
  EXPECT_EQ(daxemu_device_close(device), -EBUSY);
  EXPECT_NE(std::string(daxemu_last_error()).find("1 references"), std::string::npos) << daxemu_last_error();
  daxemu_unpin_user_page(page);
  EXPECT_EQ(daxemu_bad_releases(), 1UL) << "it is a reference, not a pin";
  daxemu_put_page(page);
  EXPECT_EQ(daxemu_device_close(device), 0);
  EXPECT_EQ(daxemu_platform_destroy(platform), 0);
}

} // namespace
