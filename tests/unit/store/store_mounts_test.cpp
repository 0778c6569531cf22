// What the store knows of binds of nodes and of mounts on them.
#include "emu/store/mount_table.hpp"

#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/memfd.h>

#include <gtest/gtest.h>

namespace daxemu::store {
namespace {

class MountTable : public ::testing::Test {
protected:
  void SetUp() override {
    auto fd = sys::memfd_create("store-test", MFD_CLOEXEC);
    ASSERT_TRUE(fd);
    auto made = Store::create(UniqueFd(*fd), "lab");
    ASSERT_TRUE(made);
    store_.emplace(std::move(*made));
    store_->platform().devices_used = 2;
    device(0).state = DeviceState::enabled;
    device(1).state = DeviceState::disabled;
  }
  DeviceRecord& device(std::size_t number) { return store_->device_table()[number]; }
  [[nodiscard]] const Store& store() const { return *store_; }
  std::vector<std::string> covers(const DeviceRecord* of) {
    std::vector<std::string> paths;
    each_cover(store(), of, [&](const CoverRecord& cover) {
      paths.emplace_back(cover.path.view());
      return true;
    });
    return paths;
  }

private:
  std::optional<Store> store_;
};

TEST_F(MountTable, KnowsNothingOfANewStore) {
  EXPECT_FALSE(has_binds(store()));
  EXPECT_FALSE(has_covers(store()));
  EXPECT_FALSE(find_bind(store(), 0, 0));
  EXPECT_TRUE(covers(nullptr).empty());
}

TEST_F(MountTable, FindsABindByItsInode) {
  note_bind(store(), {.device = &device(0), .mark = 77}, 5, 3);
  note_bind(store(), {.device = &device(1), .mark = 78}, 6, 3);
  EXPECT_TRUE(has_binds(store()));
  const auto found = find_bind(store(), 6, 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->device, &device(1)); // whatever its state but absent
  EXPECT_EQ(found->mark, 78U);
  EXPECT_FALSE(find_bind(store(), 5, 4));
  EXPECT_FALSE(find_bind(store(), 7, 3));
}

TEST_F(MountTable, TakesTheLastBindOfAnInodeThatIsUsedAgain) {
  note_bind(store(), {.device = &device(0), .mark = 77}, 5, 3);
  note_bind(store(), {.device = &device(1), .mark = 78}, 5, 3);
  const auto found = find_bind(store(), 5, 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->mark, 78U);
  std::size_t seen = 0;
  each_bind(store(), [&](std::uint64_t, std::uint32_t) { ++seen; });
  EXPECT_EQ(seen, 1U);
}

TEST_F(MountTable, ForgetsADeviceThatIsGone) {
  note_bind(store(), {.device = &device(0), .mark = 77}, 5, 3);
  device(0).born = 9; // another one of this record
  EXPECT_FALSE(find_bind(store(), 5, 3));
  device(0).born = 0;
  device(0).state = DeviceState::absent;
  EXPECT_FALSE(find_bind(store(), 5, 3));
  std::size_t seen = 0;
  each_bind(store(), [&](std::uint64_t dev, std::uint32_t mark) { seen += dev == 5 && mark == 77 ? 1 : 0; });
  EXPECT_EQ(seen, 1U); // its mounts are still to be removed
}

TEST_F(MountTable, KeepsTheLastBinds) {
  constexpr std::uint64_t kMore = 3;
  for (std::uint64_t number = 0; number < kMaxBinds + kMore; ++number) {
    note_bind(store(), {.device = &device(0), .mark = 1}, number, 3);
  }
  EXPECT_FALSE(find_bind(store(), kMore - 1, 3));
  EXPECT_TRUE(find_bind(store(), kMore, 3));
  EXPECT_TRUE(find_bind(store(), kMaxBinds + kMore - 1, 3));
}

TEST_F(MountTable, ListsCoversOfADeviceTheLastFirst) {
  struct stat about {};
  ASSERT_TRUE(note_cover(store(), device(0), "/run/a", about));
  ASSERT_TRUE(note_cover(store(), device(1), "/run/b", about));
  ASSERT_TRUE(note_cover(store(), device(0), "/run/c", about));
  EXPECT_TRUE(has_covers(store()));
  EXPECT_EQ(covers(&device(0)), (std::vector<std::string>{"/run/c", "/run/a"}));
  EXPECT_EQ(covers(nullptr), (std::vector<std::string>{"/run/c", "/run/b", "/run/a"}));
  device(0).born = 9;
  EXPECT_TRUE(covers(&device(0)).empty());
  EXPECT_EQ(covers(nullptr).size(), 3U);
  EXPECT_FALSE(note_cover(store(), device(0), std::string(200, 'x'), about));
}

} // namespace
} // namespace daxemu::store
