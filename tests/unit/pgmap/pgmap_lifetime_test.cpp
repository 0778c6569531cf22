// live -> dying -> dead: no new references, the wait for the old ones, the report of who still holds what.
#include "emu/pgmap/pgmap.hpp"

#include <csignal>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/unit/pgmap/pgmap_devices.hpp"

namespace daxemu::pgmap {
namespace {

using namespace std::chrono_literals;
using enum Behaviour;

void pin(const Device& device, std::uint64_t extent, std::uint32_t pins) {
  auto& record = device.pages->holders()->mine(device.pages->folios(), device.pages->order()).value()[extent];
  mm::claim(record, mm::hold_word(0, pins), {.tid = static_cast<std::uint32_t>(::gettid()), .longterm = true});
  ASSERT_TRUE(mm::add_counts(device.folio(extent).record(), mm::counts_for(device.pages->order(), 0, pins)));
  mm::confirm(record, mm::hold_word(0, pins));
}
void unpin(const Device& device, std::uint64_t extent, std::uint32_t pins) {
  auto& record = device.pages->holders()->mine(device.pages->folios(), device.pages->order()).value()[extent];
  ASSERT_TRUE(mm::begin_drop(record, mm::hold_word(0, pins)));
  ASSERT_TRUE(device.pgmap->put(device.folio(extent), mm::counts_for(device.pages->order(), 0, pins)));
  mm::end_drop(record, mm::hold_word(0, pins));
}

TEST(Lifetime, IdleMemoryDiesAtOnceAndIsFoundNoMore) {
  mm::MemMap map;
  const Device device(map, kIdealDax, 9, 4, {});
  EXPECT_EQ(device.pgmap->wait_dead(0ms).error().code, EINVAL) << "not killed yet";
  EXPECT_NE(map.find(Pfn(kFirstPfn)), nullptr);
  device.pgmap->kill();
  EXPECT_EQ(device.pgmap->state(), State::dying);
  EXPECT_TRUE(device.pgmap->wait_dead(0ms));
  EXPECT_EQ(device.pgmap->state(), State::dead);
  EXPECT_EQ(map.find(Pfn(kFirstPfn)), nullptr);
  EXPECT_TRUE(device.pgmap->wait_dead(0ms)) << "dead already";
}

TEST(Lifetime, TheReportNamesHolderExtentsAndCounts) {
  mm::MemMap map;
  const Device device(map, kIdealDax, 9, 64, {});
  pin(device, 7, 512);
  pin(device, 8, 512);
  device.pgmap->kill();
  const auto dead = device.pgmap->wait_dead(5ms);
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code, EBUSY);
  EXPECT_NE(dead.error().what.find("process " + std::to_string(::getpid())), std::string::npos) << dead.error().what;
  EXPECT_NE(dead.error().what.find("extents 7 to 8: 512 long-term pins"), std::string::npos) << dead.error().what;
  EXPECT_EQ(device.pgmap->state(), State::dying) << "it stays dying: no new references, the wait can be repeated";
  unpin(device, 7, 512);
  unpin(device, 8, 512);
  EXPECT_TRUE(device.pgmap->wait_dead(0ms));
}

TEST(Lifetime, TheWaitEndsWithTheLastReference) {
  mm::MemMap map;
  const Device device(map, kIdealDax, 9, 4, {});
  pin(device, 2, 1);
  device.pgmap->kill();
  std::thread releaser([&] {
    std::this_thread::sleep_for(30ms);
    unpin(device, 2, 1);
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(device.pgmap->wait_dead(20s));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  releaser.join();
}

TEST(Lifetime, AKilledHolderDoesNotKeepTheDevice) {
  mm::MemMap map;
  CountedOps counted;
  const Device device(map, kIdealDax.with(free_hook_on_idle), 9, 4, counted.ops());
  const pid_t child = ::fork();
  if (child == 0) {
    pin(device, 3, 512);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(device.folio(3).pin_count(), 512U);
  device.pgmap->kill();
  EXPECT_TRUE(device.pgmap->wait_dead(2s));
  EXPECT_EQ(counted.freed, 1) << "the free hook runs for a dead holder's folio too";
}

TEST(Lifetime, WithoutWaitForFoliosItDiesUnderItsHolders) {
  // What 6.1's memunmap_pages does with MEMORY_DEVICE_GENERIC: page references do not hold pgmap->ref.
  mm::MemMap map;
  const Device device(map, kIdealDax.without(wait_for_folios), 9, 4, {});
  pin(device, 0, 1);
  device.pgmap->kill();
  EXPECT_TRUE(device.pgmap->wait_dead(0ms));
  EXPECT_NE(map.find(Pfn(kFirstPfn)), nullptr) << "what is held can be given back";
  unpin(device, 0, 1);
  EXPECT_EQ(device.folio(0).pin_count(), 0U);
}

TEST(Lifetime, TheStateIsSharedByAllWhoMapTheDevice) {
  mm::MemMap map;
  const Device device(map, kIdealDax, 9, 4, {});
  mm::MemMap other_map; // as another process has it
  auto other_pages = mm::device_at(kFirstPfn, 9, 4, device.file.get());
  auto other = DevPagemap::memremap_pages(other_map, {other_pages, kIdealDax, nullptr, {}});
  ASSERT_TRUE(other);
  device.pgmap->kill();
  EXPECT_EQ((*other)->state(), State::dying);
  auto third =
      DevPagemap::memremap_pages(map, {mm::device_at(kFirstPfn, 9, 4, device.file.get()), kIdealDax, nullptr, {}});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, EBUSY);
  ASSERT_TRUE(device.pgmap->wait_dead(0ms));
  EXPECT_EQ((*other)->state(), State::dead);
}

TEST(Lifetime, ADeadDeviceCanBeBoundAgain) {
  mm::MemMap map;
  Device device(map, kIdealDax, 9, 4, {});
  device.pgmap->kill();
  ASSERT_TRUE(device.pgmap->wait_dead(0ms));
  device.pgmap.reset();
  auto again =
      DevPagemap::memremap_pages(map, {mm::device_at(kFirstPfn, 9, 4, device.file.get()), kIdealDax, nullptr, {}});
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE((*again)->is_live());
}

TEST(Lifetime, DriverManagedFoliosAreHandedOutOnce) {
  mm::MemMap map;
  CountedOps counted;
  const Device device(map, type_named("PRIVATE_6_1"), 0, 4, counted.ops());
  const mm::Folio folio = device.folio(1);
  EXPECT_EQ(folio.ref_count(), 0U);
  ASSERT_TRUE(device.pgmap->init_folio(folio));
  EXPECT_EQ(folio.ref_count(), 1U) << "zone_device_page_init sets the count to 1";
  EXPECT_EQ(device.pgmap->init_folio(folio).error(), Errno{EBUSY});
  folio.set_mapping(5, 6);
  ASSERT_TRUE(device.pgmap->put_folio(folio));
  EXPECT_EQ(counted.freed, 1);
  EXPECT_EQ(folio.mapping(), 0U) << "free_zone_device_page clears a stale mapping";
  EXPECT_EQ(device.pgmap->put_folio(folio).error(), Errno{EINVAL});
  device.pgmap->kill();
  EXPECT_EQ(device.pgmap->init_folio(folio).error(), Errno{ENODEV});
  EXPECT_EQ(folio.ref_count(), 0U);
}

TEST(Lifetime, ReleasingWhatIsNotHeldIsReportedAndCounted) {
  mm::MemMap map;
  const Device device(map, kIdealDax, 9, 4, {});
  EXPECT_EQ(device.pgmap->put(device.folio(0), {1, 0}).error(), Errno{ERANGE});
  EXPECT_EQ(device.pages->folios().control().refused.load(), 1U);
}

TEST(Lifetime, MapAndUnmapEventsReachTheDriver) {
  mm::MemMap map;
  std::vector<int> events;
  PagemapOps ops;
  ops.mapped = [&](const mm::Folio& folio) { events.push_back(static_cast<int>(folio.extent().value())); };
  ops.unmapped = [&](const mm::Folio& folio) { events.push_back(-static_cast<int>(folio.extent().value())); };
  const Device device(map, kIdealDax, 9, 4, ops);
  device.pgmap->note_mapped(device.folio(3));
  EXPECT_EQ(device.folio(3).record().mapcount.load(), 1);
  device.pgmap->note_unmapped(device.folio(3));
  EXPECT_EQ(events, (std::vector<int>{3, -3}));
}

} // namespace
} // namespace daxemu::pgmap
