// Inodes that somebody has changed: as many as there can be devices and more, and what is said of one is its own.
#include "emu/store/node_table.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/text/text_hash.hpp"

namespace daxemu::store {
namespace {

// As numbers of inodes are made (emu/sysfs/inodes/identity.cpp).
std::uint64_t number_of(const std::string& path) {
  return (text_hash(path) & ((1ULL << 62) - 1)) | 1ULL << 62;
}

struct NodeTable : testing::Test {
  explicit NodeTable(Capacity capacity = {}) : store(make(capacity)) {}
  static Store make(const Capacity& capacity) {
    auto made = Store::create(UniqueFd(*sys::memfd_create("nodes", MFD_CLOEXEC)), "lab", capacity);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  [[nodiscard]] Result<void> put(const InodeKey& key, std::uint32_t mode) const {
    return change_inode(store, key, [&](InodeValues& values) -> Result<void> {
      values.changed |= kInodeMode;
      values.mode = mode;
      values.uid += 1; // how often it was changed
      return {};
    });
  }
  [[nodiscard]] std::optional<InodeValues> get(const InodeKey& key) const {
    InodeValues values;
    return read_inode(store, key, values) ? std::optional(values) : std::nullopt;
  }
  [[nodiscard]] DeviceRecord& device(std::size_t at) const { return store.device_table()[at]; }
  Store store;
};

TEST_F(NodeTable, EveryDeviceOfAFullPlatformCanBeChanged) {
  const auto key = [&](std::uint32_t at) {
    return InodeKey{.number = number_of("/dev/dax0." + std::to_string(at)), .device = &device(at)};
  };
  const auto devices = static_cast<std::uint32_t>(store.device_table().size());
  ASSERT_EQ(devices, 1024U);
  for (std::uint32_t at = 0; at < devices; ++at) {
    ASSERT_TRUE(put(key(at), at)) << at;
  }
  for (std::uint32_t at = 0; at < devices; ++at) {
    const auto values = get(key(at));
    ASSERT_TRUE(values) << at;
    ASSERT_EQ(values->mode, at);
  }
  EXPECT_FALSE(get({.number = number_of("/dev/dax1.0"), .device = nullptr}));
}

TEST_F(NodeTable, RefusesWhatHasNoRoomAndLosesNothing) {
  std::uint32_t count = 0;
  const auto key = [](std::uint32_t at) {
    return InodeKey{.number = number_of(std::to_string(at)), .device = nullptr};
  };
  while (put(key(count), count)) {
    ASSERT_LT(++count, 5000U);
  }
  EXPECT_EQ(count, store.inode_table().size());
  EXPECT_EQ(put(key(count), 0).error(), Errno{ENOSPC});
  EXPECT_TRUE(put(key(3), 7)); // it has its own
  EXPECT_EQ(get(key(3))->mode, 7U);
  EXPECT_FALSE(get(key(count)));
  EXPECT_EQ(get(key(count - 1))->mode, count - 1);
}

// Devices come and go, with ever other names: what was changed of those that are gone leaves room.
TEST_F(NodeTable, WhatIsVoidLeavesRoom) {
  constexpr std::uint32_t kDevices = 700;
  std::minstd_rand engine(29);
  const auto random = [&] { return static_cast<std::uint32_t>(engine() >> 4U); };
  std::vector<std::uint32_t> names(kDevices);
  std::map<std::uint32_t, std::uint32_t> modes; // of devices that were changed
  const auto key = [&](std::uint32_t at) {
    return InodeKey{.number = number_of(std::to_string(at) + "." + std::to_string(names[at])), .device = &device(at)};
  };
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    const std::uint32_t at = random() % kDevices;
    if (random() % 2 == 0) { // another device in its place
      ++device(at).born;
      names[at] += random() % 2;
      modes.erase(at);
    } else {
      ASSERT_TRUE(put(key(at), step)) << step;
      modes[at] = step;
    }
    const std::uint32_t asked = random() % kDevices;
    const auto values = get(key(asked));
    ASSERT_EQ(values.has_value(), modes.contains(asked)) << step;
    ASSERT_TRUE(!values || values->mode == modes[asked]) << step;
  }
}

// Whatever the size: all of it can be used.
TEST(NodeTables, OfEverySizeAreUsedWhole) {
  for (std::uint32_t size = 0; size < 40; ++size) {
    auto made = Store::create(UniqueFd(*sys::memfd_create("nodes", MFD_CLOEXEC)), "lab", {.inodes = size});
    ASSERT_TRUE(made);
    const auto put = [&](std::uint32_t at) {
      return change_inode(*made, {.number = number_of(std::to_string(at)), .device = nullptr},
                          [](InodeValues& values) -> Result<void> {
                            values.changed = kInodeMode;
                            return {};
                          });
    };
    for (std::uint32_t at = 0; at < size; ++at) {
      ASSERT_TRUE(put(at)) << size;
    }
    EXPECT_EQ(put(size).error(), Errno{ENOSPC}) << size;
  }
}

} // namespace
} // namespace daxemu::store
