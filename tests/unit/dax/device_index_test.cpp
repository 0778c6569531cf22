// Devices by their names and nodes: what the hints find is what a look at all records finds, after every change, and
// whatever is wrong with the hints.
#include "emu/store/records/device_index.hpp"

#include <algorithm>
#include <random>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/backing/spare_files.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/ranges.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;

// Two regions, whose devices come and go.
struct Lab {
  Lab() {
    auto fd = sys::memfd_create("index-test", MFD_CLOEXEC);
    auto made = store::Store::create(UniqueFd(*fd), "lab");
    EXPECT_TRUE(made);
    store.emplace(std::move(*made));
    store->platform().backing_wanted = store::BackingKind::shmem;
    for (const std::uint32_t id : {0U, 7U}) {
      EXPECT_TRUE(add_region(*store, {.id = id, .data_size = 1ULL << 30, .align = kPageSize}));
    }
    auto spares = backing::add_spare_files(*store, source);
    EXPECT_TRUE(spares);
    held = std::move(*spares);
  }
  [[nodiscard]] DeviceRecord* create(std::size_t region, bool with_bytes = true) {
    auto change = Change::begin(*store);
    auto device = create_device(*store, store->regions()[region]);
    EXPECT_TRUE(device);
    EXPECT_TRUE(!device || !with_bytes || resize(*store, **device, kPmdSize));
    return device.value_or(nullptr);
  }
  [[nodiscard]] bool destroy(DeviceRecord& device) {
    auto change = Change::begin(*store);
    return resize(*store, device, 0).has_value() && delete_device(*store, device).has_value();
  }
  [[nodiscard]] std::vector<DeviceRecord*> there() const {
    std::vector<DeviceRecord*> found;
    for (DeviceRecord& device : store->devices()) {
      if (device.state.load() != DeviceState::absent) {
        found.push_back(&device);
      }
    }
    return found;
  }
  // Every name that could be is looked for, and every node that is or was.
  void compare() {
    std::vector<DeviceRecord*> found;
    for (const std::uint32_t region : {0U, 7U, 8U}) {
      for (std::uint32_t id = 0; id < 60; ++id) {
        const std::string name = "dax" + std::to_string(region) + "." + std::to_string(id);
        if (DeviceRecord* const device = store->device_named(name); device != nullptr) {
          EXPECT_EQ(store->name_of(*device).view(), name);
          found.push_back(device);
        }
      }
    }
    std::vector<DeviceRecord*> all = there();
    std::ranges::sort(found);
    std::ranges::sort(all);
    EXPECT_EQ(found, all);
    for (const DeviceRecord* const device : all) {
      EXPECT_EQ(store->device_of_minor(device->minor), device);
    }
    for (const store::NodeSlot& slot : store->node_slots()) {
      const auto has_it = [&](const DeviceRecord* device) { return device->node.st_ino == slot.node.st_ino; };
      const auto owner = std::ranges::find_if(all, has_it);
      EXPECT_EQ(store->device_of_node(slot.node.st_dev, slot.node.st_ino), owner == all.end() ? nullptr : *owner);
    }
  }
  std::optional<store::Store> store;
  backing::MemfdSource source;
  std::vector<UniqueFd> held;
};

TEST(DeviceIndex, FindsWhatIsThereAfterEveryChange) {
  Lab lab;
  std::mt19937 random(24);
  for (int step = 0; step < 150; ++step) {
    const std::vector<DeviceRecord*> all = lab.there();
    DeviceRecord* const victim = all.empty() ? nullptr : all[random() % all.size()];
    // A region's first device is not deleted, and no more than there are names to look for.
    if (victim != nullptr && victim->id != 0 && (all.size() > 40 || random() % 3 == 0)) {
      EXPECT_TRUE(lab.destroy(*victim));
    } else {
      EXPECT_NE(lab.create(random() % 2), nullptr);
    }
    lab.compare();
    if (testing::Test::HasFailure()) {
      FAIL() << "after step " << step;
    }
  }
  EXPECT_GT(lab.there().size(), store::kFewDevices);
}

TEST(DeviceIndex, IsNoWorseThanNoneWhateverItSays) {
  Lab lab;
  for (int at = 0; at < 40; ++at) {
    EXPECT_NE(lab.create(at % 2), nullptr);
  }
  // All hints of all groups are of the same device, or of none that there can be; no group has had room for all.
  for (const int wrong : {1, 1024, 60'000}) {
    for (DeviceRecord& record : lab.store->device_table()) {
      for (auto& hint : record.hints) {
        hint = static_cast<std::uint16_t>(wrong);
      }
      record.hints.back() = store::kMoreDevices;
    }
    lab.compare();
  }
}

TEST(DeviceIndex, AGroupWithoutRoomSaysSo) {
  Lab lab;
  DeviceRecord* const first = lab.create(0);
  const std::span<DeviceRecord> table = lab.store->device_table();
  // Devices of so many numbers that they share a group: as many as it has room for, and one more.
  for (std::size_t at = 1; at <= first->hints.size() + 1; ++at) {
    DeviceRecord* const device = lab.create(0);
    device->id = static_cast<std::uint32_t>(at * table.size());
    store::hint_at_name(lab.store->region_table(), table, *device);
  }
  EXPECT_EQ(store::hints_of(table, 0).back(), store::kMoreDevices);
  ASSERT_GT(lab.there().size(), store::kFewDevices);
  for (const DeviceRecord* const device : lab.there()) {
    EXPECT_EQ(lab.store->device_named(lab.store->name_of(*device).view()), device);
  }
}

TEST(DeviceIndex, NamesAreAsTheKernelWritesThem) {
  Lab lab;
  for (int at = 0; at < 12; ++at) {
    EXPECT_NE(lab.create(0), nullptr);
  }
  EXPECT_NE(lab.store->device_named("dax0.11"), nullptr);
  for (const char* other : {"", "dax", "dax0", "dax0.", "dax.1", "dax0.011", "dax00.1", "dax0.1 ", "dax0.1\n",
                            "dax0.+1", "dax0.-1", "Dax0.1", "dax0.4294967297", "dax0.1.1", "xdax0.1"}) {
    EXPECT_EQ(lab.store->device_named(other), nullptr) << other;
  }
}

// A program's look at a thousand devices: when it asks for one, and the broken ones are not there.
TEST(DeviceIndex, BrokenDevicesAreNotThereForWhoLooksLater) {
  using Look = store::Store::Look;
  Lab lab;
  for (int at = 0; at < 70; ++at) {
    EXPECT_NE(lab.create(at % 2, at < 40), nullptr); // there are not so many files
  }
  const std::string path = "/proc/self/fd/" + std::to_string(lab.store->fd());
  EXPECT_EQ(store::Store::open(path.c_str(), Look::later)->devices().size(), 70U);
  const store::NodeRecord node = lab.store->devices()[30].node;
  const std::string name(lab.store->name_of(lab.store->devices()[30]).view());
  const std::uint64_t align = std::exchange(lab.store->devices()[30].align, 12345); // no power of two
  EXPECT_EQ(store::Store::open(path.c_str()).error(), Errno{EPROTO});
  {
    auto later = store::Store::open(path.c_str(), Look::later);
    ASSERT_TRUE(later);
    EXPECT_EQ(later->device_of_node(node.st_dev, node.st_ino), nullptr);
    EXPECT_EQ(later->device_named(name), nullptr);
    EXPECT_TRUE(later->devices().empty());
  }
  lab.store->devices()[30].align = align;
  EXPECT_EQ(store::Store::open(path.c_str(), Look::later)->device_named(name)->align, align);
}

} // namespace
} // namespace daxemu::dax
