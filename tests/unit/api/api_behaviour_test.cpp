// Flag x operation -> outcome, for the behaviours that show on real memory only; gup_behaviour_test.cpp has the others.
#include <daxemu/file.hpp>
#include <daxemu/gtest.hpp>

#include <cerrno>
#include <cstring>
#include <string>

namespace {

using daxemu::Device;
using daxemu::DeviceOptions;
using daxemu::Error;
using daxemu::Platform;

DeviceOptions of_set(std::uint32_t behaviours) {
  static const daxemu_dev_pagemap_ops ops = [] {
    daxemu_dev_pagemap_ops set{};
    set.folio_free = [](daxemu_folio*, void*) {};
    return set;
  }();
  DeviceOptions options;
  options.size = 2U << 20;
  options.align = 4096;
  options.type = "custom";
  options.behaviours = behaviours;
  options.mode = "emulate";
  options.backing = "shmem";
  options.ops = &ops;
  return options;
}

std::string kernel_address(const Device& device) {
  const auto mapping = device.map(4096);
  mapping.touch(0);
  mapping.bytes()[0] = 7;
  const daxemu::Pin pin(mapping.data(), 1, DAXEMU_FOLL_WRITE);
  const auto* const bytes = static_cast<const unsigned char*>(daxemu_page_address(pin.ranges()[0].page));
  return bytes == nullptr ? "none" : "reads " + std::to_string(bytes[0]);
}

std::string truncation_of_a_pinned_page(const Device& device) {
  try {
    daxemu::File file(device);
    file.allocate(0, 4096);
    const auto mapping = file.map(4096);
    mapping.touch(0);
    const daxemu::Pin pin(mapping.data(), 1, DAXEMU_FOLL_WRITE);
    file.truncate(0, 1);
  } catch (const Error& error) {
    return ::strerrorname_np(error.error());
  }
  return "truncated";
}

struct Row {
  std::uint32_t flag;
  std::uint32_t base;
  std::string (*operation)(const Device&);
  const char* name;
  const char* without;
  const char* with;
  const char* kernel;
};
const Row kRows[] = {
    {DAXEMU_PGMAP_DIRECT_MAP, DAXEMU_PGMAP_COUNT_FROM_ONE, kernel_address, "page_address", "none", "reads 7",
     "pagemap_range: arch_add_memory maps it, add_pages (PRIVATE) does not (mm/memremap.c)"},
    {DAXEMU_PGMAP_WAKE_ON_IDLE, DAXEMU_PGMAP_FILE_MAPPING | DAXEMU_PGMAP_COUNT_FROM_ONE | DAXEMU_PGMAP_DIRECT_MAP,
     truncation_of_a_pinned_page, "truncation of a pinned page", "EINVAL", "EBUSY",
     "dax_layout_busy_page finds it, its owner waits for wake_up_var(&page->_refcount) (fs/dax.c, mm/memremap.c)"},
};

TEST(BehaviourTable, FlagTimesOperationOnRealMemory) {
  const Platform platform{"behaviours"};
  platform.use();
  for (const Row& row : kRows) {
    {
      const Device without(platform, of_set(row.base));
      EXPECT_EQ(row.operation(without), row.without) << row.name << " without: " << row.kernel;
    }
    const Device with(platform, of_set(row.base | row.flag));
    EXPECT_EQ(row.operation(with), row.with) << row.name << " with: " << row.kernel;
  }
}

} // namespace
