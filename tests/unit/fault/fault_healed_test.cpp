// Poison that is healed while other extents of the same mapping are poisoned.
#include "emu/base/units.hpp"
#include "emu/store/generation.hpp"
#include "tests/unit/fault/fault_bus.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

using store::BackingKind;
using store::EngineKind;

class HealedOf : public ::testing::TestWithParam<EngineKind> {};

// What is healed is there again though another extent of the mapping is not, and what was poisoned is not; as often as
// it happens. (It was SIGBUS for as long as any was, or, served by SIGBUS, the touch never ended.)
TEST_P(HealedOf, BesidePoison) {
  constexpr std::uint64_t kExtents = 8;
  TestPlatform& platform = *new TestPlatform(kExtents * kPmdSize, kPmdSize, BackingKind::shmem, GetParam());
  AddressSpace& space = *new AddressSpace(*platform.store);
  const UniqueFd fd = platform.open(O_RDWR);
  auto mapped =
      space.map(*platform.device, fd.get(), nullptr, kExtents * kPmdSize, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
  ASSERT_TRUE(mapped);
  auto* base = static_cast<char*>(*mapped);
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    base[at * kPmdSize] = static_cast<char>(at + 1);
  }
  auto folios = mm::FolioTable::open(platform.device->folios_location.c_str(), kExtents);
  ASSERT_TRUE(folios);
  const auto poison = [&](std::uint64_t extent, bool bad) {
    auto& flags = (*folios)[ExtentIndex(extent)].flags;
    bad ? flags.fetch_or(mm::kFolioHwpoison) : flags.fetch_and(~mm::kFolioHwpoison);
    store::await_followers(*platform.store, store::announce(platform.store->platform()));
  };
  for (int round = 0; round < 3; ++round) {
    poison(2, true);
    poison(5, true);
    EXPECT_TRUE(bus::on_touch(base + 2 * kPmdSize));
    EXPECT_TRUE(bus::on_touch(base + 5 * kPmdSize));
    poison(2, false);
    EXPECT_EQ(base[2 * kPmdSize], 3);
    EXPECT_TRUE(bus::on_touch(base + 5 * kPmdSize));
    EXPECT_EQ(base[4 * kPmdSize], 5);
    poison(4, true);
    EXPECT_TRUE(bus::on_touch(base + 4 * kPmdSize));
    poison(5, false);
    EXPECT_EQ(base[5 * kPmdSize], 6);
    EXPECT_TRUE(bus::on_touch(base + 4 * kPmdSize));
    poison(4, false);
    EXPECT_EQ(base[4 * kPmdSize], 5);
    PoisonHit hit;
    ASSERT_TRUE(space.advise(base + kPmdSize, kPmdSize, MADV_DONTNEED, &hit));
    EXPECT_EQ(base[kPmdSize], 2);
    poison(1, true);
    EXPECT_TRUE(bus::on_touch(base + kPmdSize));
    poison(1, false);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, HealedOf, ::testing::Values(EngineKind::handler, EngineKind::populate),
                         [](const auto& engine) {
                           return engine.param == EngineKind::handler ? "handler" : "populate";
                         });

} // namespace
} // namespace daxemu::fault
