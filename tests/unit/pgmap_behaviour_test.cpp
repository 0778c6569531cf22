// Sets of behaviours: what the named types are, which sets cannot be, and why.
#include "emu/pgmap/behaviour.hpp"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/pgmap_devices.hpp"

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

TEST(Behaviours, PresetsCanBe) {
  for (const Preset& one : presets()) {
    auto fine = check_set(one.set, kEverything);
    EXPECT_TRUE(fine) << one.name << ": " << fine.error().what;
    EXPECT_EQ(preset(one.name).value(), one.set);
  }
  const auto unknown = preset("FSDAX");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().remedy.find("FS_DAX"), std::string::npos);
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
      {{generic_failure}, kEverything, "mf_generic_kill_procs"},
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
    ++possible;
    mm::MemMap map;
    const Device device(map, set, 0, 1, counted.ops());
    ASSERT_TRUE(device.pgmap->is_live());
  }
  EXPECT_GT(possible, 100);
}

TEST(Behaviours, AUsersOwnSetWorks) {
  // Device-dax whose pages tell when they are free: no kernel type, but the discussion's point is that it could be one.
  const Behaviours set = preset("GENERIC")->with(free_hook_on_idle);
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
