// Who makes a namespace with a label a disk or a device, or lets go of one, may be killed at any moment: its bytes are
// either where they were or in the file of the disk or device.
#include "emu/nd/region.hpp"

#include <csignal>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/cxl/change.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/make_namespace.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "tests/unit/cxl_derived/lab.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kAt = 9ULL << 20; // of the namespace, and of the memdev

struct NdKilled : ::testing::Test {
  NdKilled() : lab(1, KernelId::linux_6_12, store::BackingKind::shmem, 1ULL << 20) {
    CxlRegionRecord& behind = lab.region(0, kWindow, 512ULL << 20, 1, 256, 0, 0, CxlMode::pmem);
    auto change = dax::Change::begin(*lab.store);
    EXPECT_TRUE(add_nd_region(*lab.store, behind));
    region = &lab.store->regions()[behind.region - 1];
    nd::NamespaceSpec spec;
    spec.size = 32U << 20U;
    spec.kind = store::NdKind::none;
    spec.enabled = false;
    space = &lab.store->regions()[region->nd.namespace_seed - 1];
    EXPECT_TRUE(nd::make_namespace(*lab.store, *region, spec));
    put(lab.media_of(0), kAt, "kept");
  }
  [[nodiscard]] bool bind() const {
    auto change = dax::Change::begin(*lab.store);
    return nd::bind_namespace(*lab.store, *space).has_value();
  }
  [[nodiscard]] bool unbind() const {
    auto change = dax::Change::begin(*lab.store);
    return nd::unbind_namespace(*lab.store, *space).has_value();
  }
  // Whoever comes next finds a change that nobody ended.
  void kill_changer() const {
    lab.store->platform().sequence.fetch_add(1);
    auto change = dax::Change::begin(*lab.store);
    EXPECT_TRUE(change);
  }
  [[nodiscard]] std::string on_disk() const {
    std::array<std::byte, 8> bytes{};
    const auto file = dax::nd::open_reserve(*lab.store, *space);
    EXPECT_TRUE(file && read_whole(file->get(), bytes, kAt));
    return reinterpret_cast<const char*>(bytes.data());
  }
  Lab lab;
  store::RegionRecord* region = nullptr;
  store::RegionRecord* space = nullptr;
};

TEST_F(NdKilled, BeforeADiskHasItsBytesThereIsNone) {
  {
    auto change = dax::Change::begin(*lab.store);
    ASSERT_TRUE(dax::nd::bind_namespace(*lab.store, *space)); // without what brings its bytes
  }
  ASSERT_TRUE(dax::nd::is_disk(*space));
  ASSERT_EQ(on_disk(), "");
  kill_changer();
  EXPECT_FALSE(dax::nd::is_disk(*space));
  EXPECT_EQ(space->nd.reserve_slot, 0U);
  EXPECT_EQ(lab.store->platform().disks.load(), 0U);
  EXPECT_FALSE(unbind());
  EXPECT_EQ(get(lab.media_of(0), kAt), "kept");
  ASSERT_TRUE(bind());
  EXPECT_EQ(on_disk(), "kept");
}

TEST_F(NdKilled, NorIsItThatOfAPfn) {
  store::NdHolderRecord& pfn = region->nd.holders[region->nd.seeds[static_cast<std::size_t>(store::NdKind::pfn)] - 1];
  {
    auto change = dax::Change::begin(*lab.store);
    ASSERT_TRUE(dax::nd::attach(*lab.store, *space, pfn));
    ASSERT_TRUE(dax::nd::set_uuid(pfn, {9}));
    ASSERT_TRUE(dax::nd::set_pages(pfn, store::NdPages::pmem));
    ASSERT_TRUE(dax::nd::bind_holder(*lab.store, *region, pfn));
  }
  kill_changer();
  EXPECT_EQ(pfn.bound, 0U);
  EXPECT_FALSE(dax::nd::is_disk(*space));
  {
    auto change = dax::Change::begin(*lab.store);
    EXPECT_FALSE(nd::unbind_holder(*lab.store, *region, pfn));
    EXPECT_EQ(get(lab.media_of(0), kAt), "kept");
    ASSERT_TRUE(nd::bind_holder(*lab.store, *region, pfn));
  }
  EXPECT_EQ(on_disk(), "kept");
}

TEST_F(NdKilled, OneThatHasItsBytesStays) {
  ASSERT_TRUE(bind());
  ASSERT_EQ(on_disk(), "kept");
  EXPECT_EQ(get(lab.media_of(0), kAt), "");
  kill_changer();
  EXPECT_TRUE(dax::nd::is_disk(*space));
  EXPECT_EQ(on_disk(), "kept");
  ASSERT_TRUE(unbind());
  EXPECT_EQ(get(lab.media_of(0), kAt), "kept");
}

TEST_F(NdKilled, OneWhoseBytesWentBackIsNoneAnyMore) {
  ASSERT_TRUE(bind());
  {
    auto change = dax::Change::begin(*lab.store);
    ASSERT_TRUE(nd::return_disk(*lab.store, *space));
  }
  kill_changer();
  EXPECT_FALSE(dax::nd::is_disk(*space));
  EXPECT_EQ(get(lab.media_of(0), kAt), "kept");
}

// The same of one that becomes a device-dax.
struct NdDaxKilled : NdKilled {
  NdDaxKilled() : dax(region->nd.holders[region->nd.seeds[static_cast<std::size_t>(store::NdKind::dax)] - 1]) {
    auto change = dax::Change::begin(*lab.store);
    EXPECT_TRUE(dax::nd::attach(*lab.store, *space, dax));
    EXPECT_TRUE(dax::nd::set_uuid(dax, {9}));
    EXPECT_TRUE(dax::nd::set_pages(dax, store::NdPages::ram));
  }
  // Another process does it in a change and is killed in the middle of that.
  template <class Action>
  void killed_in(Action&& action) const {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto change = dax::Change::begin(*lab.store);
      action();
      (void)raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }
  // While it binds: the bytes have come, and there is no device yet.
  void killed_with_bytes() const {
    killed_in([&] {
      const auto bring_and_die = [&](store::DeviceRecord& device) -> Result<void> {
        auto brought = nd::bring_media(*lab.store, device);
        (void)raise(brought ? SIGKILL : SIGABRT);
        return brought;
      };
      (void)dax::nd::bind_holder(*lab.store, *region, dax, bring_and_die);
    });
  }
  // The next one who changes anything.
  void change() const { ASSERT_TRUE(sysfs::AnnouncedChange::begin(*lab.store)); }
  [[nodiscard]] std::string on_device() const {
    const store::DeviceRecord& device = lab.device();
    return get(lab.bytes_of(device), space->phys_start + kAt - device.ranges[0].phys_start);
  }
  void expect_none() const {
    EXPECT_EQ(lab.store->device_named("dax0.0"), nullptr);
    EXPECT_EQ(dax.bound, 0U);
    EXPECT_EQ(space->nd.device, 0U);
    EXPECT_EQ(get(lab.media_of(0), kAt), "kept");
  }
  void bind_again() const {
    {
      auto change = dax::Change::begin(*lab.store);
      ASSERT_TRUE(nd::bind_holder(*lab.store, *region, dax));
    }
    EXPECT_EQ(on_device(), "kept");
    EXPECT_EQ(get(lab.media_of(0), kAt), "");
    change();
    EXPECT_EQ(on_device(), "kept");
  }
  store::NdHolderRecord& dax; // NOLINT(*-ref-data-members)
};

TEST_F(NdDaxKilled, NobodySeesADeviceBeforeItHasItsBytes) {
  killed_in([&] {
    const auto die = [](store::DeviceRecord& /*device*/) -> Result<void> {
      (void)raise(SIGKILL);
      return {};
    };
    (void)dax::nd::bind_holder(*lab.store, *region, dax, die);
  });
  EXPECT_EQ(lab.store->device_named("dax0.0"), nullptr);
  change();
  expect_none();
  bind_again();
}

TEST_F(NdDaxKilled, WhoseBytesHaveComeToWhatIsNoDeviceYetHasThemBack) {
  killed_with_bytes();
  EXPECT_EQ(get(lab.media_of(0), kAt), "");
  change();
  expect_none();
  bind_again();
}

TEST_F(NdDaxKilled, ADeviceWithoutItsBytesIsNoneAnyMore) {
  killed_in([&] { (void)dax::nd::bind_holder(*lab.store, *region, dax); }); // without what brings its bytes
  EXPECT_NE(lab.store->device_named("dax0.0"), nullptr);
  change();
  expect_none();
  bind_again();
}

TEST_F(NdDaxKilled, WhoLetsGoOfOneLosesNothing) {
  bind_again();
  killed_in([&] { (void)dax::nd::unbind_holder(*lab.store, *region, dax); }); // without what returns its bytes
  EXPECT_EQ(get(lab.media_of(0), kAt), "");
  change();
  expect_none();
  bind_again();
}

// No file grows or is written beyond its first bytes while one of these is there: what is left of room on a full disk.
class NoRoom {
public:
  NoRoom() {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit none{.rlim_cur = 4096, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  }
  ~NoRoom() {
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0);
    (void)signal(SIGXFSZ, action_);
  }
  NoRoom(const NoRoom&) = delete;
  NoRoom& operator=(const NoRoom&) = delete;
  NoRoom(NoRoom&&) = delete;
  NoRoom& operator=(NoRoom&&) = delete;

private:
  rlimit before_{};
  void (*action_)(int) = signal(SIGXFSZ, SIG_IGN);
};

TEST_F(NdDaxKilled, WhatCannotGoBackStaysUntilItCan) {
  bind_again();
  killed_in([&] { (void)dax::nd::unbind_holder(*lab.store, *region, dax); });
  {
    const NoRoom full;
    change();
    EXPECT_NE(space->nd.device, 0U);
    auto change = dax::Change::begin(*lab.store);
    EXPECT_FALSE(nd::bind_holder(*lab.store, *region, dax));
    EXPECT_FALSE(nd::bind_namespace(*lab.store, *space));
    EXPECT_FALSE(nd::unbind_region(*lab.store, *region));
  }
  EXPECT_EQ(get(lab.media_of(0), kAt), "");
  change();
  expect_none();
  bind_again();
}

TEST_F(NdDaxKilled, AChangeOfTheTopologyPutsItInOrderToo) {
  killed_with_bytes();
  ASSERT_TRUE(cxl::Change::begin(*lab.store));
  expect_none();
}

} // namespace
} // namespace daxemu::cxl
