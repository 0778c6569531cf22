// Flag x operation -> outcome: what each behaviour of a pgmap changes, with it and without it.
#include <functional>

#include <gtest/gtest.h>

#include "emu/gup/gup.hpp"
#include "emu/pgmap/file_layout.hpp"
#include "tests/unit/gup/gup_table_view.hpp"

namespace daxemu::gup {
namespace {

using namespace std::chrono_literals;
using pgmap::Behaviour;
using pgmap::Behaviours;
using enum pgmap::Behaviour;

constexpr std::uint64_t kStart = 1ULL << 40;

// One device of four pages of order 0, mapped and present.
struct World {
  explicit World(Behaviours set) : device(map, set, 0, 4, counted.ops()) {
    view.ram = mm::device_at(0x1000'0000, 0, 8);
    EXPECT_TRUE(map.add(view.ram));
    vma = &view.add(kStart, device.pages, 4);
    if (!set.has(device_swap_entries)) {
      TableView::populate(*vma);
    }
  }
  std::string pin(std::uint32_t flags, bool fast) {
    mm::PagePtr page = nullptr;
    const auto pinned = fast ? gup.pin_user_pages_fast(view, kStart, 1, flags, &page)
                             : gup.pin_user_pages(view, kStart, 1, flags, &page);
    if (!pinned) {
      return std::string(::strerrorname_np(pinned.error().value));
    }
    if (*pinned == 0) {
      return "0 pages";
    }
    const bool in_ram = mm::page_to_pfn(page).value() >= 0x1000'0000;
    EXPECT_TRUE(gup.unpin_user_pages(&page, 1));
    return in_ram ? "RAM" : "device";
  }

  pgmap::CountedOps counted;
  mm::MemMap map;
  pgmap::Device device;
  TableView view;
  TableView::Vma* vma = nullptr;
  Gup gup{map};
};

std::string fast_longterm_pin(World& world) {
  return world.pin(FOLL_LONGTERM | FOLL_FAST_ONLY, true);
}
std::string fast_longterm_write(World& world) {
  return world.pin(FOLL_LONGTERM | FOLL_WRITE | FOLL_FAST_ONLY, true);
}
std::string longterm_pin(World& world) {
  return world.pin(FOLL_LONGTERM | FOLL_WRITE, true);
}
std::string short_pin(World& world) {
  return world.pin(FOLL_WRITE, true);
}
std::string last_reference_goes(World& world) {
  (void)world.pin(0, true);
  return std::to_string(world.counted.freed.load()) + " hooks";
}
std::string cpu_touch(World& world) {
  world.vma->state[0] = TableView::absent;
  EXPECT_TRUE(world.view.fault(kStart, true));
  return world.counted.migrated == 1 ? "migrated" : "mapped";
}
std::string index_after_a_fault(World& world) {
  world.vma->state[2] = TableView::absent;
  EXPECT_TRUE(world.view.fault(kStart + 2 * kPageSize, false));
  return std::to_string(world.device.folio(2).mapping()) + ":" + std::to_string(world.device.folio(2).index());
}
std::string idle_count(World& world) {
  return std::to_string(world.device.folio(0).ref_count());
}
std::string death_while_referenced(World& world) {
  EXPECT_TRUE(mm::add_counts(world.device.folio(0).record(), {1, 0}));
  world.device.pgmap->kill();
  const auto dead = world.device.pgmap->wait_dead(1ms);
  return dead ? "dead" : "EBUSY";
}
std::string memory_failure(World& world) {
  pgmap::RecordedReach reach;
  const auto failed = pgmap::memory_failure(*world.device.pgmap, Pfn(pgmap::kFirstPfn), reach);
  return failed ? "killed" : std::string(::strerrorname_np(failed.error().value));
}
std::string count_of_a_mapped_page(World& world) {
  const mm::Folio folio = world.device.folio(0);
  world.device.pgmap->note_mapped(folio);
  world.device.pgmap->note_mapped(folio);
  const std::string mapped = std::to_string(folio.ref_count());
  world.device.pgmap->note_unmapped(folio);
  world.device.pgmap->note_unmapped(folio);
  return mapped + ", then " + std::to_string(folio.ref_count());
}
std::string last_reference_of_a_mapped_page(World& world) {
  auto told = [&, before = 0]() mutable {
    return std::exchange(before, world.counted.freed.load()) == world.counted.freed ? "none" : "hook";
  };
  world.device.pgmap->note_mapped(world.device.folio(0));
  (void)world.pin(0, true);
  const std::string unpinned = told();
  world.device.pgmap->note_unmapped(world.device.folio(0));
  return unpinned + ", then " + told();
}
std::string which_hook(World& world) {
  std::string called;
  pgmap::PagemapOps ops;
  ops.folio_free = [&](const mm::Folio&) { called += "folio_free"; };
  ops.page_free = [&](mm::PagePtr) { called += "page_free"; };
  mm::MemMap map;
  const pgmap::Device device(map, world.device.pgmap->behaviours(), 0, 1, ops);
  EXPECT_TRUE(mm::add_counts(device.folio(0).record(), {1, 0}));
  EXPECT_TRUE(device.pgmap->put(device.folio(0), {1, 0}));
  return called;
}
// A holder who writes down what he hears, and allows long-term pins of the first pages but one.
struct Holder {
  explicit Holder(pgmap::DaxHolder& of) {
    pgmap::HolderOps ops;
    ops.notify_failure = [this](std::uint64_t offset, std::uint64_t length, int flags) -> Result<void> {
      const bool all = offset == 0 && length == UINT64_MAX;
      told = (all ? "all" : std::to_string(offset) + " to " + std::to_string(offset + length)) + " flags " +
             std::to_string(flags);
      return {};
    };
    ops.longterm_pin = [this](const mm::Folio& folio, std::uint64_t first, std::uint64_t nr_pages) -> Result<void> {
      EXPECT_EQ(first, 0U);
      EXPECT_EQ(nr_pages, 1U);
      ++asked;
      return folio.extent().value() == 2 ? fail(EACCES) : Result<void>();
    };
    EXPECT_TRUE(of.get(this, std::move(ops)));
  }
  std::string told;
  int asked = 0;
};
std::string failure_of_a_held_device(World& world) {
  const Holder holder(world.device.pgmap->holder());
  const std::string said = memory_failure(world);
  return holder.told.empty() ? said : holder.told + ": " + (said == "killed" ? "handled" : said);
}
std::string end_of_a_held_device(World& world) {
  const Holder holder(world.device.pgmap->holder());
  world.device.pgmap->kill_dax();
  EXPECT_EQ(world.device.pgmap->holder().who(), nullptr);
  return holder.told;
}
std::string pins_that_a_holder_allows(World& world) {
  const Holder holder(world.device.pgmap->holder());
  std::array<mm::PagePtr, 4> pages{};
  const auto pinned = world.gup.pin_user_pages_fast(world.view, kStart, 4, FOLL_LONGTERM, pages.data());
  EXPECT_TRUE(pinned);
  EXPECT_TRUE(world.gup.unpin_user_pages(pages.data(), *pinned));
  return std::to_string(*pinned) + " of 4, asked " + std::to_string(holder.asked);
}
std::string fixed_buffers(World& world) {
  return pgmap::may_register_buffers(world.device.pgmap->behaviours()) ? "registered" : "EOPNOTSUPP";
}
std::string set_with_huge_folios(World& world) {
  const bool fine = bool(pgmap::check_set(world.device.pgmap->behaviours(), {.order = 9, .has_folio_free = true}));
  return fine ? "allowed" : "refused";
}

struct Row {
  Behaviour flag;
  Behaviours base; // what else the set needs so that it can exist, with and without the flag
  std::string (*operation)(World&);
  const char* name;
  const char* without;
  const char* with;
  const char* kernel; // what decides it there
};
// A row in two lines: what happens, and where the kernel decides it.
// clang-format off
const Row kRows[] = {
    {deny_longterm_fast, {}, fast_longterm_pin, "fast-only long-term pin", "device", "0 pages",
     "try_grab_folio_fast: folio_is_longterm_pinnable; internal_get_user_pages_fast: FOLL_FAST_ONLY (mm/gup.c)"},
    {devmap_entries, {}, fast_longterm_pin, "fast-only long-term pin", "device", "0 pages",
     "gup_pte_range: pte_devmap && FOLL_LONGTERM; internal_get_user_pages_fast: FOLL_FAST_ONLY (mm/gup.c)"},
    {devmap_entries, {}, longterm_pin, "long-term pin", "device", "device",
     "follow_devmap_pmd: takes a reference of the pgmap and goes on (mm/huge_memory.c, 6.1)"},
    {longterm_write_slow, {}, fast_longterm_pin, "fast-only long-term pin for reading", "device", "device",
     "gup_fast_folio_allowed: reject_file_backed for FOLL_WRITE only (mm/gup.c, 7.3)"},
    {longterm_write_slow, {}, fast_longterm_write, "fast-only long-term pin for writing", "device", "0 pages",
     "gup_fast_folio_allowed: FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE of a file that is not shmem's (mm/gup.c, 7.3)"},
    {longterm_write_slow, {}, longterm_pin, "long-term pin for writing", "device", "device",
     "writable_file_mapping_allowed: device-dax needs no dirty tracking (mm/gup.c, 7.3)"},
    {entry_references, {}, count_of_a_mapped_page, "count of a mapped page", "0, then 0", "2, then 0",
     "insert_page_into_pte_locked: folio_get (mm/memory.c, 7.3)"},
    {entry_references, {free_hook_on_idle}, last_reference_of_a_mapped_page, "last reference of a mapped page goes",
     "hook, then none", "none, then hook",
     "free_zone_device_folio: called when folio_put_testzero says so, after the entry has gone (mm/memremap.c, 7.3)"},
    {page_free_hook, {free_hook_on_idle}, which_hook, "last reference goes", "folio_free", "page_free",
     "free_zone_device_page: ops->page_free (6.1), free_zone_device_folio: ops->folio_free (7.3, mm/memremap.c)"},
    {holder, {}, failure_of_a_held_device, "memory_failure of a held device", "ENXIO", "0 to 4096 flags 0: handled",
     "pmem_pagemap_memory_failure: dax_holder_notify_failure (drivers/nvdimm/pmem.c, drivers/dax/super.c)"},
    {pre_remove_notice, {holder}, end_of_a_held_device, "end of a held device", "all flags 0", "all flags 128",
     "kill_dax: dax_holder_notify_failure(dax_dev, 0, U64_MAX, 0 or MF_MEM_PRE_REMOVE) (drivers/dax/super.c)"},
    {ask_before_longterm, {holder, deny_longterm_fast}, longterm_pin, "long-term pin, nobody to ask", "device", "EOPNOTSUPP",
     "none: as dax_holder_notify_failure() without a holder (drivers/dax/super.c)"},
    {ask_before_longterm, {holder, deny_longterm_fast}, short_pin, "short pin", "device", "device",
     "none: as vma_is_fsdax, asked for FOLL_LONGTERM only (mm/gup.c)"},
    {ask_before_longterm, {holder, deny_longterm_fast}, pins_that_a_holder_allows, "long-term pin of 4 pages, 3 allowed",
     "4 of 4, asked 0", "2 of 4, asked 3", "none: ends as check_vma_flags does at the next VMA (mm/gup.c)"},
    {deny_longterm_fast, {}, longterm_pin, "long-term pin", "device", "device",
     "internal_get_user_pages_fast: what the fast walk left goes to __gup_longterm_locked (mm/gup.c)"},
    {deny_longterm_fast, {}, short_pin, "short pin", "device", "device",
     "gup_pte_range: asks for FOLL_LONGTERM only (mm/gup.c)"},
    {deny_longterm, {deny_longterm_fast}, longterm_pin, "long-term pin", "device", "EOPNOTSUPP",
     "check_vma_flags: FOLL_LONGTERM && vma_is_fsdax is -EOPNOTSUPP (mm/gup.c)"},
    {deny_longterm, {deny_longterm_fast}, short_pin, "short pin", "device", "device",
     "check_vma_flags: asks vma_is_fsdax for FOLL_LONGTERM only (mm/gup.c)"},
    {migrate_before_longterm, {deny_longterm_fast}, longterm_pin, "long-term pin", "device", "RAM",
     "check_and_migrate_movable_pages: is_device_coherent_page, migrate_device_coherent_page (mm/gup.c)"},
    {migrate_before_longterm, {deny_longterm_fast}, short_pin, "short pin", "device", "device",
     "__gup_longterm_locked: migrates for FOLL_LONGTERM only (mm/gup.c)"},
    {free_hook_on_idle, {}, last_reference_goes, "last reference goes", "0 hooks", "1 hooks",
     "free_zone_device_page: pgmap->ops->page_free (mm/memremap.c)"},
    {device_swap_entries, {}, cpu_touch, "CPU touch", "mapped", "migrated",
     "do_swap_page: is_device_private_entry, pgmap->ops->migrate_to_ram (mm/memory.c)"},
    {device_swap_entries, {}, short_pin, "short pin", "device", "RAM",
     "follow_page_pte: no present entry, faultin_page and so do_swap_page (mm/gup.c)"},
    {file_mapping, {}, index_after_a_fault, "index after a fault", "0:0", "1:2",
     "dax_set_mapping: page->mapping, page->index (drivers/dax/device.c)"},
    {compound, {}, set_with_huge_folios, "folios of order 9", "refused", "allowed",
     "dev_dax_probe: vmemmap_shift; memmap_init_zone_device: pfns_per_compound (mm/page_alloc.c)"},
    {peer_to_peer, {}, short_pin, "short pin without FOLL_PCI_P2PDMA", "device", "EREMOTEIO",
     "try_grab_page: !FOLL_PCI_P2PDMA && is_pci_p2pdma_page is -EREMOTEIO (mm/gup.c, 6.2)"},
    {count_from_one, {}, idle_count, "count of an idle page", "0", "1",
     "__init_zone_device_page: set_page_count(page, 0) for PRIVATE and COHERENT (mm/page_alloc.c)"},
    {wait_for_folios, {}, death_while_referenced, "death while referenced", "dead", "EBUSY",
     "memunmap_pages: percpu_ref_kill, wait_for_completion(&pgmap->done) (mm/memremap.c)"},
    {generic_failure, {}, memory_failure, "memory_failure", "ENXIO", "killed",
     "mf_generic_kill_procs: -ENXIO for PRIVATE and COHERENT (mm/memory-failure.c)"},
    {deny_fixed_buffers, {}, fixed_buffers, "io_uring_register_buffers", "registered", "EOPNOTSUPP",
     "io_pin_pages: vm_file that is neither shmem nor hugetlb is -EOPNOTSUPP (io_uring/rsrc.c)"},
    {deny_longterm, {deny_longterm_fast}, fixed_buffers, "io_uring_register_buffers", "registered", "EOPNOTSUPP",
     "check_vma_flags, reached by io_pin_pages with FOLL_LONGTERM (mm/gup.c)"},
};
// clang-format on

TEST(BehaviourTable, FlagTimesOperation) {
  for (const Row& row : kRows) {
    EXPECT_NE(std::string_view(row.kernel).find("("), std::string_view::npos) << row.name << " cites no source";
    World without(row.base);
    EXPECT_EQ(row.operation(without), row.without) << row.name << " without " << to_string(Behaviours{row.flag});
    World with(row.base.with(row.flag));
    EXPECT_EQ(row.operation(with), row.with) << row.name << " with " << to_string(Behaviours{row.flag});
  }
}

TEST(BehaviourTable, EveryFlagHasARow) {
  Behaviours seen = {wake_on_idle, direct_map}; // what they change takes real memory: api_behaviour_test.cpp
  for (const Row& row : kRows) {
    seen = seen.with(row.flag);
  }
  EXPECT_EQ(seen.bits(), (1U << pgmap::kBehaviours) - 1);
}

TEST(BehaviourTable, OutcomePerPreset) {
  struct PresetRow {
    const char* type;
    const char* fast_longterm;
    const char* longterm;
    const char* brief;
    const char* failure;
  };
  const PresetRow rows[] = {
      {"GENERIC_6_1", "0 pages", "device", "device", "killed"},
      {"GENERIC_6_12", "0 pages", "device", "device", "killed"},
      {"GENERIC_7_3", "device", "device", "device", "killed"},
      {"FS_DAX_6_1", "0 pages", "EOPNOTSUPP", "device", "killed"},
      {"FS_DAX_6_12", "0 pages", "EOPNOTSUPP", "device", "killed"},
      {"FS_DAX_7_3", "0 pages", "EOPNOTSUPP", "device", "killed"},
      {"PRIVATE_6_1", "0 pages", "RAM", "RAM", "ENXIO"},
      {"PRIVATE_7_3", "0 pages", "RAM", "RAM", "ENXIO"},
      {"COHERENT_6_1", "0 pages", "RAM", "device", "ENXIO"},
      {"COHERENT_7_3", "0 pages", "RAM", "device", "ENXIO"},
      {"PCI_P2PDMA_6_12", "0 pages", "EREMOTEIO", "EREMOTEIO", "killed"},
      {"PCI_P2PDMA_7_3", "0 pages", "EREMOTEIO", "EREMOTEIO", "killed"},
  };
  for (const PresetRow& row : rows) {
    const Behaviours set = pgmap::type_named(row.type);
    EXPECT_EQ(fast_longterm_pin(*std::make_unique<World>(set)), row.fast_longterm) << row.type;
    EXPECT_EQ(longterm_pin(*std::make_unique<World>(set)), row.longterm) << row.type;
    EXPECT_EQ(short_pin(*std::make_unique<World>(set)), row.brief) << row.type;
    EXPECT_EQ(memory_failure(*std::make_unique<World>(set)), row.failure) << row.type;
  }
}

class FileTable : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, FileTable, testing::Values("FS_DAX_6_1", "FS_DAX_6_12", "FS_DAX_7_3"));

TEST_P(FileTable, PinnedFilePagesHoldUpTruncation) {
  mm::MemMap map;
  const pgmap::Device device(map, pgmap::type_named(GetParam()), 0, 4, {});
  pgmap::RecordedReach reach;
  pgmap::FileLayout layout(*device.pgmap, reach);
  const pgmap::FileId file = layout.create();
  ASSERT_TRUE(layout.allocate(file, 0, 2));
  TableView view;
  auto& vma = view.add(kStart, device.pages, 2, layout.fault(file, 0)->extent().value());
  vma.rights |= kVmFsDax;
  Gup gup(map);
  std::array<mm::PagePtr, 2> pages{};
  EXPECT_EQ(gup.pin_user_pages_fast(view, kStart, 2, FOLL_LONGTERM, pages.data()).error(), Errno{EOPNOTSUPP});
  ASSERT_EQ(gup.pin_user_pages_fast(view, kStart, 2, FOLL_WRITE, pages.data()), 2U);
  const auto refused = layout.truncate(file, 0, 1ms);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("process " + std::to_string(::getpid())), std::string::npos);
  ASSERT_TRUE(gup.unpin_user_pages(pages.data(), 2));
  EXPECT_TRUE(layout.truncate(file, 0, 1s));
}

} // namespace
} // namespace daxemu::gup
