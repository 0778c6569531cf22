#include "emu/store/store.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/program/at_start.hpp"
#include "emu/base/program/valgrind.hpp"
#include "emu/base/units.hpp"
#include "emu/store/header.hpp"
#include "emu/store/records/device_index.hpp"

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

// Of a device that is there, or is not. Inlined, so that a start has no page to read for it.
[[gnu::always_inline]] inline bool is_sound(const Platform& platform, const DeviceRecord& device) {
  return device.state.load(std::memory_order_acquire) == DeviceState::absent ||
         (device.region < platform.regions_used.load() && device.nr_ranges <= kMaxRanges &&
          is_power_of_two(device.align));
}
DAXEMU_START_PATH bool are_sound(const Platform& platform, std::span<DeviceRecord> devices) {
  return std::all_of(devices.begin(), devices.end(),
                     [&](const DeviceRecord& device) { return is_sound(platform, device); });
}

} // namespace

DAXEMU_START_PATH Store::Store(UniqueFd fd, const struct stat& about, Mapping mapping, Platform* platform)
    : fd_(std::move(fd)), uid_(about.st_uid), gid_(about.st_gid), mapping_(std::move(mapping)), platform_(platform) {}

// Beside what ends with it in every program that starts.
DAXEMU_START_PATH Store::~Store() = default;

DAXEMU_START_PATH Result<Store> Store::open(const char* path, Look look) {
  const char* variable = std::getenv(kKeeperVariable);
  const auto keeper = variable == nullptr ? std::nullopt : parse_keeper(variable);
  auto raw = sys::open(path, O_RDWR | O_CLOEXEC);
  auto store = raw ? of_file(UniqueFd(*raw), look) : tl::unexpected(raw.error());
  if (!store && keeper) {
    if (auto fd = ask_keeper(*keeper, path, O_RDWR | O_CLOEXEC)) {
      store = of_file(std::move(*fd), look);
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
    const auto raw = sys::open_own(location, flags);
    opened = raw ? Result<UniqueFd>(UniqueFd(*raw)) : tl::unexpected(raw.error());
  }
  if (opened || !keeper_ || opened.error() == Errno{EMFILE}) {
    return opened;
  }
  auto handed = ask_keeper(*keeper_, location, flags);
  return handed || only_by_keeper_ ? std::move(handed) : std::move(opened);
}

DAXEMU_START_PATH Result<Store> Store::of_file(UniqueFd fd, Look look) {
  auto st = sys::fstat(fd.get());
  if (!st) {
    return tl::unexpected(st.error());
  }
  if (!S_ISREG(st->st_mode)) {
    return fail(EPROTO);
  }
  const auto user = [] { return static_cast<uid_t>(sys::call(SYS_geteuid).value_or(0)); };
  if (st->st_uid != 0 && st->st_uid != user() && user() != 0) {
    return fail(EACCES); // another user's store could change under us as he likes; root can anyway
  }
  const auto size = static_cast<std::uint64_t>(st->st_size);
  if (size < sizeof(Header)) {
    return fail(EIO);
  }
  // Mapped before it is known to be ours: that is a system call less, in every program that starts.
  auto mapping = Mapping::of(fd.get(), size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  Header header; // a copy: what was checked is what is used
  std::memcpy(&header, mapping->data(), sizeof header);
  if (auto fine = check(header, size); !fine) {
    return tl::unexpected(fine.error());
  }
  sys::keep_race_checkers_off(mapping->data(), mapping->size());
  auto* platform = reinterpret_cast<Platform*>(mapping->bytes().data() + header.platform_at);
  if (!is_whole(*platform, mapping->bytes().first(header.file_size))) {
    return fail(EPROTO);
  }
  Store store(std::move(fd), *st, std::move(*mapping), platform);
  store.devices_known_ = kNotLooked;
  if (look != Look::later && !store.devices_are_sound()) {
    return fail(EPROTO);
  }
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
DAXEMU_START_PATH std::span<DeviceRecord> Store::used_devices() const {
  return device_table().first(
      std::min(platform_->devices_used.load(std::memory_order_acquire), platform_->device_capacity));
}
DAXEMU_START_PATH bool Store::devices_are_sound() const {
  const std::atomic_ref<std::uint8_t> known(devices_known_);
  std::uint8_t answer = known.load(std::memory_order_relaxed);
  if (answer == kNotLooked) {
    answer = are_sound(*platform_, used_devices()) ? kSound : kUnsound;
    known.store(answer, std::memory_order_relaxed);
  }
  return answer == kSound;
}
DAXEMU_START_PATH std::span<DeviceRecord> Store::devices() const {
  return devices_are_sound() ? used_devices() : std::span<DeviceRecord>();
}
bool Store::has_few_devices() const {
  return used_devices().size() <= kFewDevices;
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

template <class Matches>
DeviceRecord* first_of(std::span<DeviceRecord> devices, Matches&& matches) {
  for (DeviceRecord& device : devices) {
    if (matches(device)) {
      return &device;
    }
  }
  return nullptr;
}

// A number as snprintf(3) writes it, taken from the start of the text.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || (length > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  text.remove_prefix(length);
  return number;
}

// X and Y of "daxX.Y".
struct Numbers {
  std::uint32_t region;
  std::uint32_t id;
};
std::optional<Numbers> numbers_of(std::string_view name) {
  if (!name.starts_with("dax")) {
    return std::nullopt;
  }
  name.remove_prefix(3);
  const auto region = take_number(name);
  if (!region || !name.starts_with('.')) {
    return std::nullopt;
  }
  name.remove_prefix(1);
  const auto id = take_number(name);
  return id && name.empty() ? std::optional(Numbers{*region, *id}) : std::nullopt;
}

} // namespace

DAXEMU_START_PATH DeviceRecord* Store::device_of_node(std::uint64_t dev, std::uint64_t ino) const {
  const auto has_node = [&](const DeviceRecord& device) { return is_inode(device.node, dev, ino) && is_there(device); };
  if (!has_few_devices()) { // all of them need not be looked at to know that a file is no node
    const Hinted hinted = find_hinted(device_table(), key_of_node(dev, ino), [&](const DeviceRecord& device) {
      return is_sound(*platform_, device) && has_node(device);
    });
    if (hinted.certain) {
      return hinted.device;
    }
  }
  return first_of(devices(), has_node);
}

bool Store::is_of_gone_device(std::uint64_t dev, std::uint64_t ino) const {
  return std::ranges::any_of(node_slots(), [&](const NodeSlot& slot) {
    return is_inode(slot.node, dev, ino) && slot.owner.load(std::memory_order_acquire) == 0 &&
           slot.name.view().starts_with("dax");
  });
}

DeviceRecord* Store::device_of_bytes(std::uint64_t dev, std::uint64_t ino) const {
  return first_of(devices(),
                  [&](const DeviceRecord& device) { return is_inode(device.backing, dev, ino) && is_there(device); });
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

DeviceRecord* Store::device_of_minor(std::uint32_t minor) const {
  const auto has_minor = [&](const DeviceRecord& device) {
    return device.state.load(std::memory_order_acquire) != DeviceState::absent && device.minor == minor;
  };
  const std::span<DeviceRecord> all = devices();
  // Records and minors are handed out from the lowest on: most have the number of their record.
  return minor < all.size() && has_minor(all[minor]) ? &all[minor] : first_of(all, has_minor);
}

DeviceRecord* Store::device_named(std::string_view name) const {
  const auto numbers = numbers_of(name);
  if (!numbers) {
    return nullptr;
  }
  const auto is_called = [&](const DeviceRecord& device) {
    return device.state.load(std::memory_order_acquire) != DeviceState::absent && device.id == numbers->id &&
           is_sound(*platform_, device) && region_of(device).id == numbers->region;
  };
  if (!has_few_devices()) {
    const Hinted hinted = find_hinted(device_table(), key_of_name(numbers->region, numbers->id), is_called);
    if (hinted.certain) {
      return hinted.device;
    }
  }
  return first_of(devices(), is_called);
}

Result<ConfigLock> ConfigLock::take(const Store& store) {
  auto lock = FileLock::take(store.fd());
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  return ConfigLock(std::move(*lock));
}

} // namespace daxemu::store
