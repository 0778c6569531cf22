// Several processes creating and destroying devices at once: ranges never overlap, nothing leaks, sizes add up.
#include <array>
#include <random>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/spare_files.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/dax/region_space.hpp"
#include "emu/dax/undo.hpp"
#include "emu/store/recovery_log.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;

constexpr std::uint64_t kRegionSize = 256 << 20;

// No range overlaps another, none is outside the region, sizes are the sums of their ranges.
bool is_sound(const store::Store& store, std::uint64_t available) {
  const store::RegionRecord& region = store.regions()[0];
  std::uint64_t used = 0;
  std::uint64_t last_end = region.phys_start;
  for (auto at = next_allocation(store, region, region.phys_start); at; at = next_allocation(store, region, at->end)) {
    if (at->start < last_end || at->end > region.phys_start + region.size) {
      return false;
    }
    last_end = at->end;
    used += at->end - at->start;
  }
  std::uint64_t sizes = 0;
  for (const DeviceRecord& device : store.devices()) {
    sizes += device.state.load() == DeviceState::absent ? 0 : device.size.load();
  }
  return sizes == used && used + available == region.size;
}

// What daxctl create-device and destroy-device do, as seen by the model. 0: all as expected.
int create_and_destroy(const store::Store& store, int rounds, unsigned seed) {
  std::mt19937 random(seed);
  const Driver& driver = kDrivers[0];
  for (int round = 0; round < rounds; ++round) {
    DeviceRecord* device = nullptr;
    {
      auto change = Change::begin(store);
      auto created = create_device(store, store.regions()[0]);
      if (!change || !created) {
        return 1; // four devices of at most 16M always fit
      }
      device = *created;
    }
    const std::uint64_t size = (1 + random() % 8) * kPmdSize;
    {
      auto change = Change::begin(store);
      if (!resize(store, *device, size) || device->size.load() != size || !bind(store, *device, driver)) {
        return 2;
      }
      if (!is_sound(store, available_size(store, store.regions()[0]))) {
        return 3;
      }
    }
    // The bytes are this device's alone.
    {
      auto raw = sys::open(device->backing.location.c_str(), O_RDWR | O_CLOEXEC);
      if (!raw) {
        return 4;
      }
      const UniqueFd fd(*raw);
      auto bytes = Mapping::of(fd.get(), size, PROT_READ | PROT_WRITE, MAP_SHARED);
      auto* words = static_cast<volatile unsigned*>(bytes->data());
      if (words[0] != 0 || words[(size - kPageSize) / sizeof(unsigned)] != 0) {
        return 5;
      }
      words[0] = seed;
      words[(size - kPageSize) / sizeof(unsigned)] = seed;
      ::sched_yield();
      if (words[0] != seed) {
        return 6;
      }
    }
    auto change = Change::begin(store);
    if (!unbind(store, *device, driver) || !resize(store, *device, 0) || !delete_device(store, *device)) {
      return 7;
    }
  }
  return 0;
}

struct Lab {
  Lab() {
    auto fd = sys::memfd_create("concurrency-test", MFD_CLOEXEC);
    auto made = store::Store::create(UniqueFd(*fd), "lab");
    EXPECT_TRUE(made);
    store.emplace(std::move(*made));
    store->platform().backing_wanted = store::BackingKind::shmem;
    EXPECT_TRUE(add_region(*store, {.data_size = kRegionSize, .align = kPmdSize}));
    auto spares = backing::add_spare_files(*store, source);
    EXPECT_TRUE(spares);
    held = std::move(*spares);
    auto change = Change::begin(*store);
    EXPECT_TRUE(create_device(*store, store->regions()[0])); // dax0.0 stays
  }
  [[nodiscard]] std::size_t free_slots() const {
    const auto slots = store->backing_slots();
    return static_cast<std::size_t>(
        std::count_if(slots.begin(), slots.end(), [](const store::BackingSlot& slot) { return slot.owner == 0; }));
  }
  std::optional<store::Store> store;
  backing::MemfdSource source;
  std::vector<UniqueFd> held;
};

TEST(BusConcurrency, FourProcessesCreateAndDestroyFiveHundredTimes) {
  const Lab lab;
  const std::size_t free_before = lab.free_slots();
  std::array<pid_t, 4> children{};
  for (unsigned at = 0; at < children.size(); ++at) {
    children[at] = ::fork();
    if (children[at] == 0) {
      ::_exit(create_and_destroy(*lab.store, 500, at + 1));
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_EQ(available_size(*lab.store, lab.store->regions()[0]), kRegionSize);
  EXPECT_EQ(lab.free_slots(), free_before);
  std::size_t devices = 0;
  for (const DeviceRecord& device : lab.store->devices()) {
    devices += device.state.load() != DeviceState::absent ? 1 : 0;
  }
  EXPECT_EQ(devices, 1U);
  EXPECT_LE(lab.store->devices().size(), 5U); // records are used again
}

TEST(BusConcurrency, AHolderThatDiesInTheMiddleIsRepaired) {
  const Lab lab;
  const pid_t child = ::fork();
  if (child == 0) {
    auto change = Change::begin(*lab.store);
    DeviceRecord& device = lab.store->devices()[0];
    device.ranges[0] = {.pgoff = 0, .phys_start = lab.store->regions()[0].phys_start, .size = 4 * kPmdSize};
    device.nr_ranges = 1; // and the size not yet
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(lab.store->platform().sequence.load() % 2, 1U);
  EXPECT_EQ(consistently(*lab.store, [] { return 7; }), 7); // readers are not stuck
  {
    auto change = Change::begin(*lab.store);
    ASSERT_TRUE(change);
    EXPECT_EQ(lab.store->devices()[0].size.load(), 4 * kPmdSize);
  }
  EXPECT_EQ(lab.store->platform().sequence.load() % 2, 0U);
}

TEST(BusConcurrency, AResizeThatDiesInTheMiddleIsUndone) {
  const Lab lab;
  DeviceRecord& device = lab.store->devices()[0];
  {
    auto change = Change::begin(*lab.store);
    ASSERT_TRUE(resize(*lab.store, device, 4 * kPmdSize));
  }
  const std::uint32_t slot = device.slot;
  const std::string location(device.backing.location.view());
  const pid_t child = ::fork();
  if (child == 0) {
    auto change = Change::begin(*lab.store);
    const Undo undo(*lab.store, device);
    device.ranges[0].size = 6 * kPmdSize;
    device.ranges[1] = {.pgoff = 6 * kPmdSize >> kPageShift, .phys_start = 1, .size = 2 * kPmdSize};
    device.nr_ranges = 2;
    device.backing.location.assign("/half/of/anoth");
    device.size = 8 * kPmdSize;
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(Change::begin(*lab.store));
  EXPECT_EQ(device.nr_ranges, 1U);
  EXPECT_EQ(device.ranges[0].size, 4 * kPmdSize);
  EXPECT_EQ(device.size.load(), 4 * kPmdSize);
  EXPECT_EQ(device.slot, slot);
  EXPECT_EQ(device.backing.location.view(), location);
  const auto told = store::untold_recoveries(*lab.store);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].dead, child);
  EXPECT_EQ(told[0].by, ::getpid());
  EXPECT_TRUE(store::untold_recoveries(*lab.store).empty());
}

// It had taken a file and not yet told anybody.
TEST(BusConcurrency, AFileThatADeadChangerTookIsFreeAgain) {
  const Lab lab;
  const std::size_t free_before = lab.free_slots();
  const pid_t child = ::fork();
  if (child == 0) {
    auto change = Change::begin(*lab.store);
    lab.store->backing_slots()[3].owner = 1;
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(repair_if_abandoned(*lab.store));
  EXPECT_EQ(lab.free_slots(), free_before);
  EXPECT_FALSE(repair_if_abandoned(*lab.store));
}

} // namespace
} // namespace daxemu::dax
