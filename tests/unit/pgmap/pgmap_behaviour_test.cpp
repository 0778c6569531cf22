// Sets of behaviours: what the named types are, which sets cannot be, and why.
#include "emu/pgmap/behaviour.hpp"

#include <array>
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/pgmap/pgmap_devices.hpp"

namespace daxemu::pgmap {
namespace {

using enum Behaviour;

constexpr SetContext kEverything{.order = 0, .has_folio_free = true, .has_migrate_to_ram = true, .has_owner = true};

TEST(Behaviours, EachIsDocumentedWithTheKernelsPlace) {
  std::set<std::string> names;
  std::uint32_t bits = 0;
  for (const BehaviourInfo& info : behaviour_table()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(to_string(Behaviours{info.behaviour}), info.name);
    EXPECT_GT(std::string(info.effect).size(), 10U);
    EXPECT_NE(std::string(info.kernel).find('('), std::string::npos) << info.name << " cites no file or function";
    bits |= Behaviours{info.behaviour}.bits();
  }
  EXPECT_EQ(bits, (1U << kBehaviours) - 1);
}

TEST(MemoryTypes, EachCanBe) {
  std::set<std::uint32_t> device_dax;
  for (const MemoryType& one : memory_types()) {
    auto fine = check_set(one.set, kEverything);
    EXPECT_TRUE(fine) << one.name << ": " << fine.error().what;
    EXPECT_FALSE(one.set.has(ask_before_longterm)) << one.name << ": no kernel asks";
    if (one.base == "GENERIC") {
      EXPECT_TRUE(device_dax.insert(one.set.bits()).second) << one.name << " is another kernel's";
    }
    for (const Profile& profile : kProfiles) {
      EXPECT_EQ(preset(one.name, profile).value(), one.set) << "the full name is that kernel's, whatever the profile";
      EXPECT_EQ(preset(one.base, profile).value() == one.set || profile.id != one.kernel, true) << one.name;
    }
  }
  EXPECT_EQ(memory_types().size(), 5 * kProfiles.size());
}

TEST(MemoryTypes, GenericIsTheProfilesDeviceDax) {
  for (const Profile& profile : kProfiles) {
    EXPECT_EQ(preset("GENERIC", profile).value(), preset(profile.device_dax_type, profile).value());
    EXPECT_EQ(behaviours_of_record(0, profile), preset("GENERIC", profile).value()) << "who created it did not say";
    EXPECT_EQ(behaviours_of_record(1, profile).bits(), 1U);
  }
  EXPECT_EQ(preset("GENERIC+holder-compound", kProfiles[2]).value(),
            preset("GENERIC_7_3", kProfiles[0])->with(holder).without(compound));
  for (const char* bad : {"GENERIC+", "GENERIC+hold", "GENERIC-holder+x"}) {
    const auto refused = preset(bad, kProfiles[0]);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().remedy.find("wait_for_folios"), std::string::npos);
  }
  const auto unknown = preset("FSDAX", kProfiles[0]);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().remedy.find("FS_DAX"), std::string::npos);
  EXPECT_NE(unknown.error().remedy.find("GENERIC_6_12"), std::string::npos);
}

// What changed between the kernels, flag by flag.
TEST(MemoryTypes, DifferByKernelAsTheirSourcesDo) {
  struct Row {
    Behaviour flag;
    const char* base;
    std::array<bool, 3> in; // 6.1, 6.12, 7.3
  };
  const Row rows[] = {
      {deny_fixed_buffers, "GENERIC", {true, false, false}}, {devmap_entries, "GENERIC", {true, true, false}},
      {entry_references, "GENERIC", {false, false, true}},   {longterm_write_slow, "GENERIC", {false, false, true}},
      {count_from_one, "GENERIC", {true, true, true}},       {deny_longterm_fast, "GENERIC", {false, false, false}},
      {wait_for_folios, "GENERIC", {false, false, false}},   {holder, "GENERIC", {false, false, false}},
      {devmap_entries, "FS_DAX", {true, true, false}},       {deny_longterm_fast, "FS_DAX", {false, false, true}},
      {count_from_one, "FS_DAX", {true, true, false}},       {entry_references, "FS_DAX", {false, false, true}},
      {deny_longterm, "FS_DAX", {true, true, true}},         {holder, "FS_DAX", {true, true, true}},
      {pre_remove_notice, "FS_DAX", {false, true, true}},    {wait_for_folios, "FS_DAX", {false, false, false}},
      {page_free_hook, "PRIVATE", {true, true, false}},      {page_free_hook, "COHERENT", {true, true, false}},
      {page_free_hook, "PCI_P2PDMA", {true, true, false}},   {count_from_one, "PCI_P2PDMA", {true, true, false}},
      {count_from_one, "PRIVATE", {false, false, false}},    {count_from_one, "COHERENT", {false, false, false}},
      {wait_for_folios, "PRIVATE", {true, true, true}},      {wait_for_folios, "COHERENT", {true, true, true}},
  };
  for (const Row& row : rows) {
    for (const Profile& profile : kProfiles) {
      EXPECT_EQ(preset(row.base, profile)->has(row.flag), row.in.at(static_cast<std::size_t>(profile.id)))
          << to_string({row.flag}) << " of " << row.base << " in " << profile.version;
    }
  }
}

TEST(Behaviours, ImpossibleSetsAreRefusedWithAReason) {
  struct Row {
    Behaviours set;
    SetContext context;
    const char* says;
  };
  SetContext no_free = kEverything;
  no_free.has_folio_free = false;
  SetContext no_migrate = kEverything;
  no_migrate.has_migrate_to_ram = false;
  SetContext no_owner = kEverything;
  no_owner.has_owner = false;
  SetContext huge = kEverything;
  huge.order = 9;
  const Row rows[] = {
      {{deny_longterm}, kEverything, "gup-fast looks at no VMA"},
      {{migrate_before_longterm}, kEverything, "gup-fast cannot migrate"},
      {{deny_longterm, deny_longterm_fast, migrate_before_longterm}, kEverything, "never migrated"},
      {{device_swap_entries, direct_map}, kEverything, "no kernel address"},
      {{device_swap_entries, file_mapping}, kEverything, "anonymous"},
      {{device_swap_entries, compound}, huge, "order 0 only"},
      {{device_swap_entries, count_from_one}, kEverything, "count is 0"},
      {{migrate_before_longterm, deny_longterm_fast, count_from_one}, kEverything, "count is 0"},
      {{migrate_before_longterm, deny_longterm_fast, compound}, huge, "compound page"},
      {{wake_on_idle}, kEverything, "truncation of a file"},
      {{wake_on_idle, file_mapping, compound}, huge, "folios of one order"},
      {{generic_failure, device_swap_entries}, kEverything, "mf_generic_kill_procs"},
      {{generic_failure, migrate_before_longterm, deny_longterm_fast}, kEverything, "mf_generic_kill_procs"},
      {{device_swap_entries, devmap_entries}, kEverything, "not present"},
      {{device_swap_entries, entry_references}, kEverything, "stands for the entries"},
      {{migrate_before_longterm, deny_longterm_fast, entry_references}, kEverything, "stands for the entries"},
      {{devmap_entries, entry_references}, kEverything, "the other way"},
      {{page_free_hook}, kEverything, "nothing calls"},
      {{pre_remove_notice}, kEverything, "nobody to notify"},
      {{ask_before_longterm, deny_longterm_fast}, kEverything, "nobody to ask"},
      {{ask_before_longterm, holder}, kEverything, "interrupts off"},
      {{ask_before_longterm, holder, deny_longterm, devmap_entries}, kEverything, "what is refused"},
      {{ask_before_longterm, holder, migrate_before_longterm, deny_longterm_fast}, kEverything, "not pinned"},
      {{count_from_one}, huge, "without compound"},
      {{device_swap_entries, free_hook_on_idle}, no_migrate, "migrate_to_ram"},
      {{device_swap_entries}, no_free, "folio_free"},
      {{free_hook_on_idle}, no_free, "folio_free"},
      {{device_swap_entries}, no_owner, "owner"},
      {{migrate_before_longterm, deny_longterm_fast}, no_owner, "owner"},
      {Behaviours::of_bits(1U << kBehaviours), kEverything, "do not exist"},
  };
  for (const Row& row : rows) {
    const auto checked = check_set(row.set, row.context);
    ASSERT_FALSE(checked) << row.says;
    EXPECT_EQ(checked.error().code, EINVAL);
    EXPECT_NE(checked.error().what.find(row.says), std::string::npos) << checked.error().what;
    EXPECT_FALSE(checked.error().remedy.empty());
  }
}

TEST(Behaviours, EverySetIsEitherRefusedWithWordsOrUsable) {
  CountedOps counted;
  int possible = 0;
  for (std::uint32_t bits = 0; bits < (1U << kBehaviours); ++bits) {
    const Behaviours set = Behaviours::of_bits(bits);
    const auto checked = check_set(set, kEverything);
    if (!checked) {
      ASSERT_FALSE(checked.error().what.empty());
      continue;
    }
    if (++possible % 97 != 0) { // a device each would take minutes
      continue;
    }
    mm::MemMap map;
    const Device device(map, set, 0, 1, counted.ops());
    ASSERT_TRUE(device.pgmap->is_live());
  }
  EXPECT_GT(possible, 5000);
}

TEST(Behaviours, AUsersOwnSetWorks) {
  // Device-dax whose pages tell when they are free: no kernel type, but the discussion's point is that it could be one.
  const Behaviours set = kIdealDax.with(free_hook_on_idle);
  CountedOps counted;
  mm::MemMap map;
  const Device device(map, set, 9, 4, counted.ops());
  ASSERT_TRUE(mm::add_counts(device.folio(1).record(), {2, 2}));
  ASSERT_TRUE(device.pgmap->put(device.folio(1), {1, 1}));
  EXPECT_EQ(counted.freed, 0);
  ASSERT_TRUE(device.pgmap->put(device.folio(1), {1, 1}));
  EXPECT_EQ(counted.freed, 1);
}

} // namespace
} // namespace daxemu::pgmap
