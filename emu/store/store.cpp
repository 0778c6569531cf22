#include "emu/store/store.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/at_start.hpp"
#include "emu/base/units.hpp"
#include "emu/base/valgrind.hpp"
#include "emu/store/header.hpp"

namespace daxemu::store {

namespace {

// Does the table lie within the file, as far from its start as its records want?
template <class Record>
bool is_within(const boost::interprocess::offset_ptr<Record>& table, std::uint32_t count, std::span<std::byte> file) {
  const auto at = reinterpret_cast<std::uintptr_t>(table.get());
  const auto start = reinterpret_cast<std::uintptr_t>(file.data());
  return at >= start && at - start <= file.size() && at % alignof(Record) == 0 &&
         count <= (file.size() - (at - start)) / sizeof(Record);
}

// Not by std::has_single_bit(), which asks the compiler's library in a page of its own.
bool is_power_of_two(std::uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

// What every later access relies on. Nothing is written before this has been seen.
DAXEMU_START_PATH bool is_whole(const Platform& platform, std::span<std::byte> file) {
  if (!is_within(platform.regions, platform.region_capacity, file) ||
      !is_within(platform.devices, platform.device_capacity, file) ||
      !is_within(platform.slots, platform.slot_capacity, file) ||
      !is_within(platform.backing_slots, platform.backing_slot_capacity, file) ||
      !is_within(platform.node_slots, platform.node_slot_capacity, file) ||
      !is_within(platform.driver_ids, platform.driver_id_capacity, file) ||
      !is_within(platform.memory_blocks, platform.memory_block_capacity, file) ||
      !is_within(platform.inodes, platform.inode_capacity, file) ||
      !is_within(platform.node_names, platform.node_name_capacity, file) || !is_within(platform.cxl, 1, file) ||
      static_cast<std::uint32_t>(platform.kernel) >= kProfiles.size()) { // profile_of() knows no other
    return false;
  }
  return platform.devices_used.load() <= platform.device_capacity &&
         platform.regions_used.load() <= platform.region_capacity &&
         platform.backing_slots_used.load() <= platform.backing_slot_capacity &&
         platform.node_slots_used.load() <= platform.node_slot_capacity &&
         platform.node_names_used.load() <= platform.node_name_capacity;
}

// The same of the devices that there are.
DAXEMU_START_PATH bool are_whole(const Platform& platform) {
  const std::span devices(platform.devices.get(), platform.device_capacity);
  return std::all_of(devices.begin(),
                     devices.begin() + std::min(platform.devices_used.load(), platform.device_capacity),
                     [&](const DeviceRecord& device) {
                       const bool absent = device.state.load() == DeviceState::absent;
                       return absent || (device.region < platform.regions_used.load() &&
                                         device.nr_ranges <= kMaxRanges && is_power_of_two(device.align));
                     });
}

} // namespace

DAXEMU_START_PATH Store::Store(UniqueFd fd, const struct stat& about, Mapping mapping, Platform* platform)
    : fd_(std::move(fd)), uid_(about.st_uid), gid_(about.st_gid), mapping_(std::move(mapping)), platform_(platform) {}

// Beside what ends with it in every program that starts.
DAXEMU_START_PATH Store::~Store() = default;

DAXEMU_START_PATH Result<Store> Store::open(const char* path) {
  const char* variable = std::getenv(kKeeperVariable);
  const auto keeper = variable == nullptr ? std::nullopt : parse_keeper(variable);
  auto raw = sys::open(path, O_RDWR | O_CLOEXEC);
  auto store = raw ? of_file(UniqueFd(*raw), true) : tl::unexpected(raw.error());
  if (!store && keeper) {
    if (auto fd = ask_keeper(*keeper, path, O_RDWR | O_CLOEXEC)) {
      store = of_file(std::move(*fd), false);
      if (store) {
        store->only_by_keeper_ = true;
      }
    }
  }
  if (store) {
    store->keeper_ = keeper;
  }
  return store;
}

Result<UniqueFd> Store::open_file(const char* location, int flags) const {
  Result<UniqueFd> opened = fail(ENOENT);
  if (!only_by_keeper_) {
    const auto raw = sys::open(location, flags);
    opened = raw ? Result<UniqueFd>(UniqueFd(*raw)) : tl::unexpected(raw.error());
  }
  if (opened || !keeper_ || opened.error() == Errno{EMFILE}) {
    return opened;
  }
  auto handed = ask_keeper(*keeper_, location, flags);
  return handed || only_by_keeper_ ? std::move(handed) : std::move(opened);
}

DAXEMU_START_PATH Result<Store> Store::of_file(UniqueFd fd, bool by_path) {
  auto st = sys::fstat(fd.get());
  if (!st) {
    return tl::unexpected(st.error());
  }
  if (!S_ISREG(st->st_mode)) {
    return fail(EPROTO);
  }
  if (const auto user = static_cast<uid_t>(sys::call(SYS_geteuid).value_or(0));
      st->st_uid != user && st->st_uid != 0 && user != 0) {
    return fail(EACCES); // another user's store could change under us as he likes; root can anyway
  }
  Header header;
  if (auto got = sys::pread(fd.get(), &header, sizeof(header), 0); !got || *got != sizeof(header)) {
    return fail(EIO);
  }
  if (auto fine = check(header, static_cast<std::uint64_t>(st->st_size)); !fine) {
    return tl::unexpected(fine.error());
  }
  auto mapping = Mapping::of(fd.get(), header.file_size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  sys::keep_race_checkers_off(mapping->data(), mapping->size());
  auto* platform = reinterpret_cast<Platform*>(mapping->bytes().data() + header.platform_at);
  const bool in_memory = by_path && st->st_nlink == 0;
  if (!is_whole(*platform, mapping->bytes()) || (!in_memory && !are_whole(*platform))) {
    return fail(EPROTO);
  }
  Store store(std::move(fd), *st, std::move(*mapping), platform);
  store.in_memory_ = in_memory;
  store.records_ = in_memory ? kUnseen : kWhole;
  return store;
}

DAXEMU_START_PATH std::span<RegionRecord> Store::region_table() const {
  return {platform_->regions.get(), platform_->region_capacity};
}
DAXEMU_START_PATH std::span<DeviceRecord> Store::device_table() const {
  return {platform_->devices.get(), platform_->device_capacity};
}
std::span<RegionRecord> Store::regions() const {
  return region_table().first(
      std::min(platform_->regions_used.load(std::memory_order_acquire), platform_->region_capacity));
}
bool Store::see_records() const {
  const std::atomic_ref records(records_);
  if (records.load(std::memory_order_relaxed) == kUnseen) { // several at once find the same
    records.store(are_whole(*platform_) ? kWhole : kTorn, std::memory_order_relaxed);
  }
  return records.load(std::memory_order_relaxed) == kWhole;
}

DAXEMU_START_PATH std::span<DeviceRecord> Store::devices() const {
  if (std::atomic_ref(records_).load(std::memory_order_relaxed) != kWhole && !see_records()) [[unlikely]] {
    return {};
  }
  return device_table().first(
      std::min(platform_->devices_used.load(std::memory_order_acquire), platform_->device_capacity));
}
std::span<ProcessSlot> Store::slots() const {
  return {platform_->slots.get(), platform_->slot_capacity};
}
std::span<BackingSlot> Store::backing_slot_table() const {
  return {platform_->backing_slots.get(), platform_->backing_slot_capacity};
}
DAXEMU_START_PATH std::span<BackingSlot> Store::backing_slots() const {
  return backing_slot_table().first(
      std::min(platform_->backing_slots_used.load(std::memory_order_acquire), platform_->backing_slot_capacity));
}
std::span<NodeSlot> Store::node_slot_table() const {
  return {platform_->node_slots.get(), platform_->node_slot_capacity};
}
std::span<NodeSlot> Store::node_slots() const {
  return node_slot_table().first(
      std::min(platform_->node_slots_used.load(std::memory_order_acquire), platform_->node_slot_capacity));
}
std::span<DriverIdRecord> Store::driver_ids() const {
  return {platform_->driver_ids.get(), platform_->driver_id_capacity};
}
std::span<MemoryBlockRecord> Store::memory_blocks() const {
  return {platform_->memory_blocks.get(), platform_->memory_block_capacity};
}
std::span<InodeRecord> Store::inode_table() const {
  return {platform_->inodes.get(), platform_->inode_capacity};
}
std::span<NodeNameRecord> Store::node_name_table() const {
  return {platform_->node_names.get(), platform_->node_name_capacity};
}

namespace {

template <class Record>
bool is_inode(const Record& record, std::uint64_t dev, std::uint64_t ino) {
  return record.st_ino == ino && record.st_dev == dev;
}

bool is_there(const DeviceRecord& device) {
  return device.state.load(std::memory_order_acquire) != DeviceState::absent || device.kept != 0;
}

} // namespace

DAXEMU_START_PATH DeviceRecord* Store::device_of_node(std::uint64_t dev, std::uint64_t ino) const {
  for (DeviceRecord& device : devices()) {
    if (is_inode(device.node, dev, ino) && is_there(device)) {
      return &device;
    }
  }
  return nullptr;
}

bool Store::is_of_gone_device(std::uint64_t dev, std::uint64_t ino) const {
  return std::ranges::any_of(node_slots(), [&](const NodeSlot& slot) {
    return is_inode(slot.node, dev, ino) && slot.owner.load(std::memory_order_acquire) == 0 &&
           slot.name.view().starts_with("dax");
  });
}

DeviceRecord* Store::device_of_bytes(std::uint64_t dev, std::uint64_t ino) const {
  for (DeviceRecord& device : devices()) {
    if (is_inode(device.backing, dev, ino) && is_there(device)) {
      return &device;
    }
  }
  return nullptr;
}

DAXEMU_START_PATH RegionRecord* Store::disk_of_node(std::uint64_t dev, std::uint64_t ino) const {
  if (platform_->disks.load(std::memory_order_acquire) == 0) {
    return nullptr;
  }
  const std::span<NodeSlot> slots = node_slots();
  for (RegionRecord& region : regions()) {
    const std::uint32_t number = region.nd.disk == 0 ? 0 : region.nd.disk_node;
    if (number != 0 && number <= slots.size() && is_inode(slots[number - 1].node, dev, ino)) {
      return &region;
    }
  }
  return nullptr;
}

FixedString<32> Store::name_of(const DeviceRecord& device) const {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "dax%u.%u", region_of(device).id, device.id);
  return FixedString<32>(text.data());
}

DeviceRecord* Store::device_named(std::string_view name) const {
  for (DeviceRecord& device : devices()) {
    if (device.state.load(std::memory_order_acquire) != DeviceState::absent && name_of(device).view() == name) {
      return &device;
    }
  }
  return nullptr;
}

Result<ConfigLock> ConfigLock::take(const Store& store) {
  auto lock = FileLock::take(store.fd());
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  return ConfigLock(std::move(*lock));
}

} // namespace daxemu::store
