// The store: creation, recognition, refusal of what is not ours, tables shared between mappings.
#include "emu/store/store.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

#include <csignal>
#include <fcntl.h>
#include <utility>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/store/header.hpp"

namespace daxemu::store {
namespace {

UniqueFd memory_file() {
  auto fd = sys::memfd_create("store-test", MFD_CLOEXEC);
  EXPECT_TRUE(fd);
  return UniqueFd(fd.value_or(-1));
}
std::string path_of(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

DeviceRecord& add_device(Store& store, std::uint32_t id, std::uint64_t ino) {
  store.region_table()[0].used = 1;
  store.platform().regions_used = 1;
  DeviceRecord& device = store.device_table()[id];
  device.id = id;
  device.align = 4096;
  device.node.st_dev = 7;
  device.node.st_ino = ino;
  device.backing.st_dev = 7;
  device.backing.st_ino = ino + 1000;
  device.state = DeviceState::enabled;
  store.platform().devices_used = id + 1;
  return device;
}

TEST(Store, SecondMappingSeesTheFirstOnesRecords) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  add_device(*store, 0, 41);
  DeviceRecord& second = add_device(*store, 1, 42);
  auto other = Store::open(path_of(store->fd()).c_str());
  ASSERT_TRUE(other) << other.error().value;
  EXPECT_EQ(other->platform().name.view(), "lab");
  DeviceRecord* found = other->device_of_node(7, 42);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, 1U);
  EXPECT_EQ(other->name_of(*found).view(), "dax0.1");
  EXPECT_EQ(other->device_named("dax0.1"), found);
  EXPECT_EQ(other->device_of_node(8, 42), nullptr);
  EXPECT_EQ(other->device_of_node(7, 1042), nullptr);
  EXPECT_EQ(other->device_of_bytes(7, 1042), found);
  EXPECT_EQ(other->device_of_bytes(7, 42), nullptr);
  second.counters[0].faults += 3;
  EXPECT_EQ(found->counters[0].faults.load(), 3U);
}

TEST(Store, FreedDeviceIsNotFoundButLaterOnesAre) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  add_device(*store, 0, 41).state = DeviceState::absent;
  add_device(*store, 1, 42);
  EXPECT_EQ(store->device_of_node(7, 41), nullptr);
  ASSERT_NE(store->device_of_node(7, 42), nullptr);
}

void expect_all_zero(const Store& store) {
  const auto expect_zero = [](const char* what, auto table) {
    const auto bytes = std::as_bytes(table);
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; })) << what;
  };
  expect_zero("regions", store.region_table());
  expect_zero("devices", store.device_table());
  expect_zero("processes", store.slots());
  expect_zero("backing slots", store.backing_slot_table());
  expect_zero("node slots", store.node_slot_table());
  expect_zero("driver ids", store.driver_ids());
  expect_zero("memory blocks", store.memory_blocks());
}

// Boost links free memory by nodes within it: none of their bytes may be left in a table.
TEST(Store, ANewStoresTablesAreAllZero) {
  auto store = Store::create(memory_file(), "lab", {.regions = 3, .devices = 5, .processes = 7, .backing_slots = 9});
  ASSERT_TRUE(store);
  expect_all_zero(*store);
}

// Boost's bookkeeping, which no function of it tells, differs by version; whatever the counts leave of the last page,
// it fits. And the tables lie apart, all zero.
TEST(Store, IsLargeEnoughWhateverTheCountsAndNotMuchLarger) {
  for (std::uint32_t count = 0; count < 150; ++count) {
    SCOPED_TRACE(count);
    const Capacity capacity{.regions = count % 7,
                            .devices = count,
                            .processes = count * 3,
                            .backing_slots = count % 11,
                            .node_slots = count % 13,
                            .driver_ids = count * 5,
                            .memory_blocks = count * 17,
                            .inodes = count % 5,
                            .node_names = count % 9};
    auto store = Store::create(memory_file(), "lab", capacity);
    ASSERT_TRUE(store) << store.error().what;
    auto other = Store::open(path_of(store->fd()).c_str()); // which sees that the tables lie in the file
    ASSERT_TRUE(other) << other.error().value;
    expect_all_zero(*other);
    const std::uint64_t records =
        sizeof(Platform) + capacity.regions * sizeof(RegionRecord) + capacity.devices * sizeof(DeviceRecord) +
        capacity.processes * sizeof(ProcessSlot) + capacity.backing_slots * sizeof(BackingSlot) +
        capacity.node_slots * sizeof(NodeSlot) + capacity.driver_ids * sizeof(DriverIdRecord) +
        capacity.memory_blocks * sizeof(MemoryBlockRecord) + capacity.inodes * sizeof(InodeRecord) +
        capacity.node_names * sizeof(NodeNameRecord) + sizeof(CxlRecord);
    const auto st = sys::fstat(store->fd());
    ASSERT_TRUE(st);
    EXPECT_LE(static_cast<std::uint64_t>(st->st_size), kHeaderSize + records + 3UL * 4096U);
    // Writing the whole of a table changes no other one.
    const auto blocks = std::as_writable_bytes(other->memory_blocks());
    std::fill(blocks.begin(), blocks.end(), std::byte{0xff});
    const auto devices = std::as_writable_bytes(other->device_table());
    EXPECT_TRUE(std::all_of(devices.begin(), devices.end(), [](std::byte byte) { return byte == std::byte{0}; }));
    EXPECT_EQ(other->platform().name.view(), "lab");
  }
}

// Not every failure is a lack of memory, and each names its remedy.
TEST(Store, SaysWhatFailed) {
  const auto made = [] { return Store::create(memory_file(), "lab"); };
  rlimit kept{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &kept), 0);
  rlimit small{4096, kept.rlim_max};
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto too_large = made();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &kept), 0);
  std::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, EFBIG);
  EXPECT_NE(too_large.error().remedy.find("ulimit -f"), std::string::npos);

  UniqueFd read_only = memory_file();
  auto other = sys::open(path_of(read_only.get()).c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_TRUE(other);
  EXPECT_EQ(Store::create(UniqueFd(*other), "lab").error().code, EINVAL);
}

TEST(Store, UntouchedTablesCostNoMemory) {
  auto store = Store::create(memory_file(), "lab", {.regions = 64, .devices = 1 << 16, .processes = 1 << 16});
  ASSERT_TRUE(store);
  const auto st = sys::fstat(store->fd());
  ASSERT_TRUE(st);
  EXPECT_GT(st->st_size, 64 << 20);
  EXPECT_LT(st->st_blocks * 512, 256 << 10);
}

TEST(Store, RefusesANonEmptyFile) {
  UniqueFd fd = memory_file();
  ASSERT_TRUE(sys::ftruncate(fd.get(), 1));
  EXPECT_EQ(Store::create(std::move(fd), "lab").error().code, EEXIST);
}

TEST(Store, RefusesEveryFlippedHeaderByteWithoutWriting) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  for (std::size_t at = 0; at < sizeof(Header); ++at) {
    unsigned char byte = 0;
    ASSERT_EQ(::pread(store->fd(), &byte, 1, static_cast<off_t>(at)), 1);
    const unsigned char flipped = byte ^ 0x10U;
    ASSERT_EQ(::pwrite(store->fd(), &flipped, 1, static_cast<off_t>(at)), 1);
    EXPECT_FALSE(Store::open(path_of(store->fd()).c_str())) << "byte " << at;
    unsigned char now = 0;
    ASSERT_EQ(::pread(store->fd(), &now, 1, static_cast<off_t>(at)), 1);
    EXPECT_EQ(now, flipped);
    ASSERT_EQ(::pwrite(store->fd(), &byte, 1, static_cast<off_t>(at)), 1);
  }
  EXPECT_TRUE(Store::open(path_of(store->fd()).c_str()));
}

// The header is right, what it leads to is not.
TEST(Store, RefusesTablesThatAreNotInTheFile) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  Platform& platform = store->platform();
  const std::string path = path_of(store->fd());
  for (std::uint32_t* capacity :
       {&platform.region_capacity, &platform.device_capacity, &platform.slot_capacity, &platform.backing_slot_capacity,
        &platform.driver_id_capacity, &platform.memory_block_capacity}) {
    const std::uint32_t kept = std::exchange(*capacity, 1U << 30);
    EXPECT_EQ(Store::open(path.c_str()).error(), Errno{EPROTO});
    *capacity = kept;
  }
  platform.devices_used = platform.device_capacity + 1;
  EXPECT_EQ(Store::open(path.c_str()).error(), Errno{EPROTO});
  platform.devices_used = 0;
  const KernelId kept =
      std::exchange(platform.kernel, KernelId(kProfiles.size())); // one that this version does not know
  EXPECT_EQ(Store::open(path.c_str()).error(), Errno{EPROTO});
  platform.kernel = kept;
  EXPECT_TRUE(Store::open(path.c_str()));
}

// Opening takes no lock in the store that a process killed meanwhile could have left held.
TEST(Store, CanBeOpenedWhateverWasKilledWhileOpeningIt) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  const std::string path = path_of(store->fd());
  for (int round = 0; round < 50; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      while (Store::open(path.c_str())) {
      }
      ::_exit(1);
    }
    ::usleep(500 + round * 20);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_TRUE(Store::open(path.c_str()));
  }
}

TEST(Store, RefusesATruncatedStore) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  UniqueFd copy = memory_file();
  std::array<char, 8192> bytes{};
  ASSERT_EQ(::pread(store->fd(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  ASSERT_EQ(::pwrite(copy.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(Store::open(path_of(copy.get()).c_str()).error(), Errno{EIO});
}

TEST(Store, RefusesWhatIsNoStore) {
  EXPECT_EQ(Store::open("/proc/self/exe/nothing").error(), Errno{ENOTDIR});
  EXPECT_EQ(Store::open("/dev/null").error(), Errno{EPROTO});
}

// fork(2) beside a holder copies his description: that must not hold the lock for the child's life.
TEST(ConfigLock, IsGivenBackAlthoughAChildHasACopyOfIt) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  pid_t child = 0;
  {
    auto lock = ConfigLock::take(*store);
    ASSERT_TRUE(lock);
    child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  const pid_t taker = ::fork();
  if (taker == 0) {
    ::alarm(10); // ends who waits for ever
    ::_exit(ConfigLock::take(*store) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(taker, &status, 0), taker);
  EXPECT_EQ(status, 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(ConfigLock, ExcludesAForkedChildUntilItsHolderDies) {
  auto store = Store::create(memory_file(), "lab");
  ASSERT_TRUE(store);
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = ConfigLock::take(*store);
    ::usleep(100'000);
    store->platform().generation = 1;
    [[maybe_unused]] const ssize_t told = ::write(pipe[1], "x", 1);
    ::_exit(lock ? 0 : 1); // dies holding it
  }
  ::usleep(30'000);
  auto lock = ConfigLock::take(*store);
  EXPECT_TRUE(lock);
  EXPECT_EQ(store->platform().generation.load(), 1U);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

} // namespace
} // namespace daxemu::store
