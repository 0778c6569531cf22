// memory_failure() per memory type, and healing.
#include "emu/pgmap/memory_failure.hpp"

#include <gtest/gtest.h>

#include "tests/unit/pgmap/pgmap_devices.hpp"

namespace daxemu::pgmap {
namespace {

TEST(MemoryFailure, OutcomePerMemoryType) {
  struct Row {
    const char* type;
    unsigned order;
    int error; // 0: poisoned, mappers killed
    unsigned lsb;
    const char* fact;
  };
  const Row rows[] = {
      {"GENERIC_6_1", 9, 0, 21, "mf_generic_kill_procs; lsb of the mapping: dev_pagemap_mapping_shift"},
      {"GENERIC_6_1", 18, 0, 30, "a 1G extent is one folio"},
      {"GENERIC_6_1", 0, 0, 12, "4K extents"},
      {"GENERIC_7_3", 9, 0, 21, "the same"},
      {"FS_DAX_6_1", 0, 0, 12, "no ops.memory_failure and no holder here: mf_generic_kill_procs"},
      {"FS_DAX_7_3", 0, 0, 12, "the same: it is of memory that counts from 0, too"},
      {"PCI_P2PDMA_6_12", 0, 0, 12, "only PRIVATE and COHERENT are refused"},
      {"PRIVATE_6_1", 0, ENXIO, 0, "mf_generic_kill_procs: needs coordination with the device"},
      {"COHERENT_7_3", 0, ENXIO, 0, "mf_generic_kill_procs: the same"},
  };
  for (const Row& row : rows) {
    CountedOps counted;
    mm::MemMap map;
    const Device device(map, type_named(row.type), row.order, 4, counted.ops());
    RecordedReach reach;
    const Pfn bad = device.folio(2).pfn() + (device.pages->pages_per_folio() - 1);
    const auto failed = memory_failure(*device.pgmap, bad, reach);
    EXPECT_EQ(failed ? 0 : failed.error().value, row.error) << row.type << ": " << row.fact;
    EXPECT_EQ(device.folio(2).hwpoison(), row.error == 0) << row.type;
    EXPECT_FALSE(device.folio(1).hwpoison());
    ASSERT_EQ(reach.kills.size(), row.error == 0 ? 1U : 0U) << row.type;
    if (row.error == 0) {
      EXPECT_EQ(reach.kills[0].extent, ExtentIndex(2));
      EXPECT_EQ(reach.kills[0].bad, bad);
      EXPECT_EQ(reach.kills[0].lsb, row.lsb) << row.fact;
      EXPECT_TRUE(reach.kills[0].poisoned_before) << "a fault between the two would map poison again";
    }
  }
}

TEST(MemoryFailure, TheDriversAnswerComesFirst) {
  struct Row {
    int says; // 0: handled
    int error;
    bool generic;
  };
  for (const Row& row : {Row{0, 0, false}, Row{EOPNOTSUPP, 0, true}, Row{EIO, EIO, false}}) {
    PagemapOps ops;
    std::vector<Pfn> seen;
    ops.memory_failure = [&](Pfn first, std::uint64_t pages) -> Result<void> {
      EXPECT_EQ(pages, 1U);
      seen.push_back(first);
      return row.says == 0 ? Result<void>() : fail(row.says);
    };
    mm::MemMap map;
    const Device device(map, kIdealDax, 9, 2, ops);
    RecordedReach reach;
    const auto failed = memory_failure(*device.pgmap, Pfn(kFirstPfn + 5), reach);
    EXPECT_EQ(failed ? 0 : failed.error().value, row.error);
    EXPECT_EQ(seen, std::vector<Pfn>{Pfn(kFirstPfn + 5)});
    EXPECT_EQ(reach.kills.size(), row.generic ? 1U : 0U);
  }
}

TEST(MemoryFailure, FramesOfOthersAreENXIO) {
  mm::MemMap map;
  const Device device(map, kIdealDax, 9, 2, {});
  RecordedReach reach;
  EXPECT_EQ(memory_failure(*device.pgmap, Pfn(kFirstPfn - 1), reach).error(), Errno{ENXIO});
  EXPECT_EQ(memory_failure(*device.pgmap, Pfn(kFirstPfn + 1024), reach).error(), Errno{ENXIO});
  EXPECT_TRUE(reach.kills.empty());
}

TEST(MemoryFailure, HealingZeroesAndWaitsForNobody) {
  mm::MemMap map;
  std::vector<std::byte> bytes(4096 * 4, std::byte{0xee});
  const UniqueFd file = mm::folio_file(4);
  mm::DevicePages::Spec spec;
  spec.ranges = {{Pfn(kFirstPfn), 4, 0}};
  spec.folios = mm::FolioTable::map(file.get(), 4).value();
  spec.direct_map = bytes.data();
  auto pages = mm::DevicePages::make(std::move(spec)).value();
  auto pgmap = DevPagemap::memremap_pages(map, {pages, kIdealDax, nullptr, {}}).value();
  RecordedReach reach;
  const mm::Folio folio = *mm::folio_of(*pages, ExtentIndex(1));
  EXPECT_EQ(clear_poison(folio).error(), Errno{ENOENT});
  ASSERT_TRUE(memory_failure(*pgmap, Pfn(kFirstPfn + 1), reach));
  ASSERT_TRUE(mm::add_counts(folio.record(), {1, 0}));
  EXPECT_EQ(clear_poison(folio).error(), Errno{EBUSY});
  ASSERT_TRUE(pgmap->put(folio, {1, 0}));
  ASSERT_TRUE(clear_poison(folio));
  EXPECT_FALSE(folio.hwpoison());
  EXPECT_EQ(bytes[4095], std::byte{0xee});
  EXPECT_EQ(bytes[4096], std::byte{0});
  EXPECT_EQ(bytes[8191], std::byte{0});
  EXPECT_EQ(bytes[8192], std::byte{0xee});
}

} // namespace
} // namespace daxemu::pgmap
