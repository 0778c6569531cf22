// Every combination of FOLL_* flags, memory type, call, extent order and presence: what comes of it is what two tables
// say, one for the fast walk and one for the slow. The first row that fits decides; each names the kernel's place.
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "emu/gup/gup.hpp"
#include "tests/unit/gup/gup_table_view.hpp"

namespace daxemu::gup {
namespace {

using pgmap::Behaviour;

enum Type : std::uint32_t {
  GENERIC = 1, // pgmap::kIdealDax
  GENERIC_6_1 = 2,
  GENERIC_6_12 = 4,
  GENERIC_7_3 = 8,
  FS_DAX_6_1 = 16,
  FS_DAX_7_3 = 32,
  PRIVATE = 64,
  COHERENT = 128,
  P2PDMA = 256,
  SPECIAL = 512,   // huge entries without struct pages, as TTM's
  ORDINARY = 1024, // the process's own memory
  ANY = 2047,
  FS_DAX = FS_DAX_6_1 | FS_DAX_7_3,
  DEVMAP = GENERIC_6_1 | GENERIC_6_12 | FS_DAX_6_1,
};
struct TypeInfo {
  Type type;
  const char* name; // of a type_named(), or "ideal"
  EntryKind kind;
  [[nodiscard]] pgmap::Behaviours set() const {
    return std::string_view(name) == "ideal" ? pgmap::kIdealDax : pgmap::type_named(name);
  }
};
constexpr TypeInfo kTypes[] = {
    {GENERIC, "ideal", EntryKind::device},
    {GENERIC_6_1, "GENERIC_6_1", EntryKind::device},
    {GENERIC_6_12, "GENERIC_6_12", EntryKind::device},
    {GENERIC_7_3, "GENERIC_7_3", EntryKind::device},
    {FS_DAX_6_1, "FS_DAX_6_1", EntryKind::device},
    {FS_DAX_7_3, "FS_DAX_7_3", EntryKind::device},
    {PRIVATE, "PRIVATE_6_1", EntryKind::device},
    {COHERENT, "COHERENT_6_1", EntryKind::device},
    {P2PDMA, "PCI_P2PDMA_6_12", EntryKind::device},
    {SPECIAL, "ideal", EntryKind::special},
    {ORDINARY, "ideal", EntryKind::ordinary},
};

enum Presence : std::uint32_t { HERE = 1, NOT_HERE = 2, EITHER = 3 };
enum Protection : std::uint32_t { RW = 1, RO = 2, WO = 4, NONE = 8, EVERY = 15 };
constexpr std::pair<Protection, std::uint32_t> kRights[] = {
    {RW, kVmRead | kVmWrite}, {RO, kVmRead}, {WO, kVmWrite}, {NONE, 0}};

constexpr int kFollows = -1; // the fast walk takes it
constexpr int kLeaves = -2;  // the fast walk leaves it to the slow one
constexpr int kTakes = 0;    // the slow walk takes it; else an errno

struct Row {
  std::uint32_t types;
  std::uint32_t with;    // flags that must be given
  std::uint32_t without; // flags that must not
  std::uint32_t presence;
  std::uint32_t protection;
  int outcome;
  const char* kernel;
};

constexpr Row kFast[] = {
    {SPECIAL, 0, 0, EITHER, EVERY, kLeaves, "gup_pte_range: pte_special; gup_huge_pmd: no such bit up to 6.11"},
    {ORDINARY, 0, 0, EITHER, EVERY, kLeaves, "memory the model has no pages for"},
    {PRIVATE, 0, 0, EITHER, EVERY, kLeaves, "gup_pte_range: a device-private entry is not present"},
    {ANY, 0, 0, NOT_HERE, EVERY, kLeaves, "gup_pmd_range: pmd_present"},
    {ANY, 0, 0, HERE, NONE, kLeaves, "gup_pte_range: pte_protnone, not present to the hardware"},
    {ANY, FOLL_WRITE, 0, HERE, RO, kLeaves, "gup_pte_range: pte_access_permitted"},
    {DEVMAP, FOLL_LONGTERM, 0, HERE, EVERY, kLeaves, "gup_pte_range: pte_devmap && FOLL_LONGTERM (6.1, 6.12)"},
    {FS_DAX_7_3, FOLL_LONGTERM, 0, HERE, EVERY, kLeaves, "try_grab_folio_fast: folio_is_longterm_pinnable (6.15)"},
    {GENERIC_7_3, FOLL_LONGTERM | FOLL_WRITE, 0, HERE, EVERY, kLeaves, "gup_fast_folio_allowed: a file's folio (7.3)"},
    {COHERENT, FOLL_LONGTERM, 0, HERE, EVERY, kLeaves, "try_grab_folio: is_longterm_pinnable_page"},
    {P2PDMA, 0, FOLL_PCI_P2PDMA, HERE, EVERY, kLeaves, "try_grab_folio: is_pci_p2pdma_page (6.2)"},
    {ANY, 0, 0, HERE, RW | RO | WO, kFollows, "try_grab_folio"},
};
constexpr Row kSlow[] = {
    {SPECIAL, 0, 0, EITHER, EVERY, EFAULT, "check_vma_flags: VM_PFNMAP"},
    {FS_DAX, FOLL_LONGTERM, 0, EITHER, EVERY, EOPNOTSUPP, "check_vma_flags: vma_is_fsdax, before the rights"},
    {ANY, FOLL_WRITE, 0, EITHER, RO | NONE, EFAULT, "check_vma_flags: !VM_WRITE; forced: no COW in a shared mapping"},
    {ANY, 0, FOLL_WRITE | FOLL_FORCE, EITHER, WO | NONE, EFAULT, "check_vma_flags: !VM_READ"},
    {ORDINARY, 0, 0, EITHER, EVERY, ENODEV, "not the kernel's: the model has no pages there"},
    {ANY, FOLL_NOFAULT, 0, NOT_HERE, EVERY, EFAULT, "faultin_page: FOLL_NOFAULT"},
    {PRIVATE, FOLL_NOFAULT, 0, EITHER, EVERY, EFAULT, "a swap entry is not present: faultin_page"},
    {P2PDMA, 0, FOLL_PCI_P2PDMA, EITHER, EVERY, EREMOTEIO, "follow_page_pte: is_pci_p2pdma_page (6.2)"},
    {ANY, 0, 0, EITHER, EVERY, kTakes, "follow_page_mask, after faultin_page and migration where needed"},
};

struct Case {
  std::uint32_t flags;
  Type type;
  Presence presence;
  Protection protection;
};
template <std::size_t Count>
const Row& row_for(const Row (&rows)[Count], const Case& one) {
  for (const Row& row : rows) {
    if ((row.types & one.type) != 0 && (one.flags & row.with) == row.with && (one.flags & row.without) == 0 &&
        (row.presence & one.presence) != 0 && (row.protection & one.protection) != 0) {
      return row;
    }
  }
  ADD_FAILURE() << "no row fits";
  return rows[0];
}

constexpr std::uint32_t kFlagSets[] = {0,
                                       FOLL_WRITE,
                                       FOLL_FORCE,
                                       FOLL_WRITE | FOLL_FORCE,
                                       FOLL_LONGTERM,
                                       FOLL_LONGTERM | FOLL_WRITE,
                                       FOLL_LONGTERM | FOLL_FORCE,
                                       FOLL_LONGTERM | FOLL_WRITE | FOLL_FORCE,
                                       FOLL_NOFAULT,
                                       FOLL_NOFAULT | FOLL_WRITE,
                                       FOLL_NOFAULT | FOLL_LONGTERM,
                                       FOLL_FAST_ONLY,
                                       FOLL_FAST_ONLY | FOLL_WRITE,
                                       FOLL_FAST_ONLY | FOLL_LONGTERM,
                                       FOLL_FAST_ONLY | FOLL_PCI_P2PDMA,
                                       FOLL_PCI_P2PDMA,
                                       FOLL_PCI_P2PDMA | FOLL_WRITE,
                                       FOLL_NOWAIT,
                                       FOLL_NOWAIT | FOLL_WRITE,
                                       FOLL_NOWAIT | FOLL_LONGTERM,
                                       FOLL_HONOR_NUMA_FAULT,
                                       FOLL_HONOR_NUMA_FAULT | FOLL_WRITE};
constexpr Call kCalls[] = {Call::get, Call::get_fast, Call::pin, Call::pin_fast, Call::pin_folios};

class Matrix : public testing::TestWithParam<unsigned> {};

// Pages of two extents: from the second page (of one: from its start) to the end, or 1100 around the border of large
// ones.
void check(const TypeInfo& info, unsigned order, Call call, const Case& one) {
  pgmap::CountedOps counted;
  mm::MemMap map;
  const pgmap::Device device(map, info.set(), order, 2, counted.ops());
  TableView view;
  view.ram = mm::device_at(0x1000'0000, 0, 2);
  ASSERT_TRUE(map.add(view.ram));
  constexpr std::uint64_t kStart = 1ULL << 40;
  TableView::Vma& vma = view.add(kStart, device.pages, 2ULL << order);
  vma.kind = info.kind;
  for (const auto& [protection, rights] : kRights) {
    if (protection == one.protection) {
      vma.rights = rights | kVmMayRead | kVmMayWrite | kVmShared;
    }
  }
  if (one.presence == HERE && one.type != PRIVATE) {
    TableView::populate(vma);
  }
  const std::uint64_t skip = order > 9 ? (1ULL << order) - 600 : (order > 0 ? 1 : 0);
  const std::uint64_t wanted = std::min<std::uint64_t>((2ULL << order) - skip, 1100);
  const std::uint64_t start = kStart + (skip << kPageShift);

  Gup gup(map);
  std::vector<mm::PagePtr> pages(wanted);
  std::vector<PageRange> ranges(2);
  auto called = [&]() -> Result<std::uint64_t> {
    switch (call) {
    case Call::get:
      return gup.get_user_pages(view, start, wanted, one.flags, pages.data());
    case Call::get_fast:
      return gup.get_user_pages_fast(view, start, wanted, one.flags, pages.data());
    case Call::pin:
      return gup.pin_user_pages(view, start, wanted, one.flags, pages.data());
    case Call::pin_fast:
      return gup.pin_user_pages_fast(view, start, wanted, one.flags, pages.data());
    case Call::pin_folios:
      break;
    }
    const auto pinned = gup.pin_user_folios(view, start, wanted, one.flags, ranges);
    return pinned ? Result<std::uint64_t>(pinned->nr_pages) : tl::unexpected(pinned.error());
  }();

  const Row& fast = row_for(kFast, one);
  const Row& slow = row_for(kSlow, one);
  const std::string told = std::string(info.name) + " kind " + std::to_string(static_cast<int>(info.kind)) + " order " +
                           std::to_string(order) + " call " + std::to_string(static_cast<int>(call)) + " flags " +
                           std::to_string(one.flags) + " presence " + std::to_string(one.presence) + " protection " +
                           std::to_string(one.protection) + "\n fast: " + fast.kernel + "\n slow: " + slow.kernel;
  if (!checked_flags(call, one.flags, true)) {
    ASSERT_FALSE(called) << told;
    EXPECT_EQ(called.error(), Errno{EINVAL}) << told;
    return;
  }
  const bool by_fast = is_fast(call) && fast.outcome == kFollows;
  if (!by_fast && is_fast(call) && (one.flags & FOLL_FAST_ONLY) != 0) {
    EXPECT_EQ(called, 0U) << told;
    return;
  }
  if (!by_fast && slow.outcome != kTakes) {
    ASSERT_FALSE(called) << told;
    EXPECT_EQ(called.error(), Errno{slow.outcome}) << told;
    EXPECT_EQ(device.folio(0).record().counts.load(), 0U) << told;
    return;
  }
  ASSERT_EQ(called, wanted) << told << (called ? "" : std::to_string(called.error().value));
  EXPECT_EQ(Gup::last_walk().fast_pages, by_fast ? wanted : 0U) << told;

  // The pages are the device's, or RAM's after migration; each head is counted once for the group.
  const bool moved = one.type == PRIVATE || (one.type == COHERENT && (one.flags & FOLL_LONGTERM) != 0);
  mm::DevicePages& owner = moved ? *view.ram : *device.pages;
  const std::uint64_t first_pfn = owner.ranges()[0].first.value() + skip;
  const auto first_given = call == Call::pin_folios ? ranges[0].first : pages[0];
  EXPECT_EQ(mm::page_to_pfn(first_given), Pfn(first_pfn)) << told;
  const auto counts = mm::counts_of(owner.folios()[ExtentIndex(0)]);
  const auto in_first = static_cast<std::uint32_t>((1ULL << order) - skip);
  EXPECT_EQ(counts.refs, order > 0 ? in_first : (is_pin(call) ? 1024U : 1U)) << told;
  EXPECT_EQ(counts.pins, order > 0 && is_pin(call) ? in_first : 0U) << told;

  const auto released = call == Call::pin_folios ? gup.unpin_user_folios(ranges, false)
                        : is_pin(call)           ? gup.unpin_user_pages(pages.data(), wanted)
                                                 : gup.put_pages(pages.data(), wanted);
  EXPECT_TRUE(released) << told;
  EXPECT_EQ(owner.folios()[ExtentIndex(0)].counts.load(), 0U) << told;
  EXPECT_EQ(owner.folios()[ExtentIndex(1)].counts.load(), 0U) << told;
}

TEST_P(Matrix, OutcomeIsWhatTheKernelsPlacesSay) {
  const unsigned order = GetParam();
  int cases = 0;
  for (const TypeInfo& info : kTypes) {
    const bool small_only = !info.set().has(Behaviour::compound);
    if (small_only && order > 0) {
      continue;
    }
    for (const Call call : kCalls) {
      for (const std::uint32_t flags : kFlagSets) {
        for (const Presence presence : {HERE, NOT_HERE}) {
          for (const Protection protection : {RW, RO, WO, NONE}) {
            check(info, order, call, {flags, info.type, presence, protection});
            ++cases;
          }
        }
      }
    }
  }
  std::cout << cases << " combinations at order " << order << "\n";
}
INSTANTIATE_TEST_SUITE_P(Gup, Matrix, testing::Values(0U, 1U, 5U, 9U, 18U));

TEST(MatrixTables, EveryRowDecidesSomething) {
  std::vector<int> fast(std::size(kFast));
  std::vector<int> slow(std::size(kSlow));
  for (const TypeInfo& info : kTypes) {
    for (const std::uint32_t flags : kFlagSets) {
      for (const Presence presence : {HERE, NOT_HERE}) {
        for (const Protection protection : {RW, RO, WO, NONE}) {
          ++fast[static_cast<std::size_t>(&row_for(kFast, {flags, info.type, presence, protection}) - kFast)];
          ++slow[static_cast<std::size_t>(&row_for(kSlow, {flags, info.type, presence, protection}) - kSlow)];
        }
      }
    }
  }
  for (std::size_t at = 0; at < fast.size(); ++at) {
    EXPECT_GT(fast[at], 0) << kFast[at].kernel;
  }
  for (std::size_t at = 0; at < slow.size(); ++at) {
    EXPECT_GT(slow[at], 0) << kSlow[at].kernel;
  }
}

} // namespace
} // namespace daxemu::gup
