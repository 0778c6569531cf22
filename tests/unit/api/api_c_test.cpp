// Parts of the C API that have no C++ form.
#include <cstddef>
#include <cstdlib>
#include <string>
#include <tuple>

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
  EXPECT_EQ(index, 21U);
  EXPECT_EQ(daxemu_pgmap_preset("GENERIC_6_1"),
            daxemu_pgmap_preset("GENERIC_6_12") | static_cast<uint32_t>(DAXEMU_PGMAP_DENY_FIXED_BUFFERS));
  EXPECT_EQ(daxemu_pgmap_preset("GENERIC_6_1+holder"),
            daxemu_pgmap_preset("GENERIC_6_1") | static_cast<uint32_t>(DAXEMU_PGMAP_HOLDER));
  EXPECT_EQ(daxemu_pgmap_preset("nothing"), 0U);
  EXPECT_EQ(daxemu_pgmap_preset(nullptr), 0U);
  EXPECT_EQ(all & static_cast<uint32_t>(DAXEMU_PGMAP_GENERIC_FAILURE),
            static_cast<uint32_t>(DAXEMU_PGMAP_GENERIC_FAILURE));
}

// DAXEMU_KERNEL for as long as it lives.
class KernelVariable {
public:
  explicit KernelVariable(const char* value) { ::setenv("DAXEMU_KERNEL", value, 1); }
  ~KernelVariable() { before_.empty() ? ::unsetenv("DAXEMU_KERNEL") : ::setenv("DAXEMU_KERNEL", before_.c_str(), 1); }
  KernelVariable(const KernelVariable&) = delete;
  KernelVariable& operator=(const KernelVariable&) = delete;

private:
  static std::string now() {
    const char* value = std::getenv("DAXEMU_KERNEL");
    return value == nullptr ? "" : value;
  }
  std::string before_ = now();
};

TEST(CApi, MirrorsTheKernelOfTheVariableOrTheOneNamed) {
  daxemu_platform_use(nullptr);
  struct Row {
    const char* variable;
    const char* asked;
    const char* mirrored; // NULL: refused
  };
  for (const Row& row :
       {Row{"6.12", nullptr, "linux-6.12"}, Row{"6.12", "", "linux-6.12"}, Row{"7.3", "6.1", "linux-6.1"},
        Row{"6.1", "6.9.2-generic", "linux-6.1"}, Row{"6.1", "linux-7.3", "linux-7.3"}, Row{"6.1", "7.9", "linux-7.3"},
        Row{"6.1", "5.10", nullptr}, Row{"6.1", "kernel", nullptr}, Row{"nonsense", nullptr, nullptr}}) {
    const KernelVariable variable(row.variable);
    daxemu_platform* platform = nullptr;
    const int made = daxemu_platform_create_as("c", row.asked, &platform);
    if (row.mirrored == nullptr) {
      EXPECT_EQ(made, -EINVAL);
      EXPECT_NE(std::string(daxemu_last_error()).find("6.1, 6.12, 7.3"), std::string::npos) << daxemu_last_error();
      continue;
    }
    ASSERT_EQ(made, 0) << daxemu_last_error();
    EXPECT_STREQ(daxemu_platform_profile(platform), row.mirrored);
    EXPECT_STREQ(daxemu_profile(), row.mirrored) << "the first one is in use";
    const std::string suffix = std::string(row.mirrored) == "linux-6.1"    ? "_6_1"
                               : std::string(row.mirrored) == "linux-6.12" ? "_6_12"
                                                                           : "_7_3";
    for (const std::string type : {"GENERIC", "FS_DAX", "PRIVATE", "COHERENT", "PCI_P2PDMA"}) {
      EXPECT_EQ(daxemu_pgmap_preset(type.c_str()), daxemu_pgmap_preset((type + suffix).c_str()));
      EXPECT_EQ(daxemu_pgmap_preset_of(type.c_str(), row.mirrored), daxemu_pgmap_preset((type + suffix).c_str()));
    }
    EXPECT_EQ(daxemu_platform_destroy(platform), 0);
  }
  {
    const KernelVariable variable("7.3");
    EXPECT_STREQ(daxemu_profile(), "linux-7.3") << "no platform is in use";
    EXPECT_EQ(daxemu_pgmap_preset("GENERIC"), daxemu_pgmap_preset("GENERIC_7_3"));
  }
  EXPECT_STREQ(daxemu_kernel(0), "6.1");
  EXPECT_STREQ(daxemu_kernel(2), "7.3");
  EXPECT_EQ(daxemu_kernel(3), nullptr);
  EXPECT_EQ(daxemu_pgmap_preset_of("GENERIC", "5.10"), 0U);
}

// Programs that were built with an older header, or a newer one, whose fields we do not know.
TEST(CApi, ADeviceSpecOfAnotherVersionIsTakenAsFarAsItIsKnown) {
  daxemu_platform* platform = nullptr;
  ASSERT_EQ(daxemu_platform_create("c", &platform), 0);
  struct Newer {
    daxemu_device_spec spec;
    uint64_t field;
  } newer{};
  daxemu_device_spec& spec = newer.spec;
  spec.size = 2 << 20;
  spec.align = 4096;
  spec.mode = "emulate";
  spec.type = "GENERIC_6_1+free_hook_on_idle+page_free_hook";
  static int calls = 0;
  daxemu_dev_pagemap_ops ops{};
  ops.folio_free = [](daxemu_folio*, void*) { calls += 1; };
  ops.page_free = [](daxemu_page*, void*) { calls += 100; };
  spec.ops = &ops;
  const size_t first = offsetof(daxemu_device_spec, ops_size);
  for (const auto& [size, ops_size, field, made, hook] :
       {std::tuple<size_t, size_t, uint64_t, int, int>{first, sizeof(ops), 0, 0, 1}, // ops_size is not read
        {sizeof(spec), 0, 0, 0, 1},
        {sizeof(spec), sizeof(ops), 0, 0, 100},
        {sizeof(newer), sizeof(ops), 0, 0, 100},
        {sizeof(newer), sizeof(ops), 1, -EINVAL, 0},
        {first - 1, 0, 0, -EINVAL, 0}}) {
    spec.struct_size = size;
    spec.ops_size = ops_size;
    newer.field = field;
    daxemu_device* device = nullptr;
    ASSERT_EQ(daxemu_device_open(platform, &spec, &device), made) << size << daxemu_last_error();
    if (made == 0) {
      calls = 0;
      void* address = nullptr;
      ASSERT_EQ(daxemu_mmap(device, 4096, 3, 0, &address), 0);
      daxemu_page* page = nullptr;
      ASSERT_EQ(daxemu_pin_user_pages_fast(reinterpret_cast<unsigned long>(address), 1, 0, &page), 1);
      daxemu_unpin_user_page(page);
      EXPECT_EQ(calls, hook) << size << " " << ops_size;
      EXPECT_EQ(daxemu_munmap(address, 4096), 0);
      EXPECT_EQ(daxemu_device_close(device), 0) << daxemu_last_error();
    }
  }
  EXPECT_EQ(daxemu_platform_destroy(platform), 0);
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
