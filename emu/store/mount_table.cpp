#include "emu/store/mount_table.hpp"

#include <algorithm>

namespace daxemu::store {
namespace {

std::uint32_t index_of(const Store& store, const DeviceRecord& device) {
  return static_cast<std::uint32_t>(&device - store.device_table().data()) + 1;
}

// The device of a record, if it is still that one.
DeviceRecord* device_of(const Store& store, std::uint32_t device, std::uint64_t born) {
  const std::span<DeviceRecord> table = store.device_table();
  if (device == 0 || device > table.size()) {
    return nullptr;
  }
  DeviceRecord& found = table[device - 1];
  const bool there = found.state.load(std::memory_order_acquire) != DeviceState::absent;
  return there && found.born == born ? &found : nullptr;
}

} // namespace

std::optional<Bind> find_bind(const Store& store, std::uint64_t dev, std::uint64_t ino) noexcept {
  const auto& table = store.platform().binds;
  const std::size_t used =
      std::min<std::size_t>(store.platform().binds_made.load(std::memory_order_acquire), kMaxBinds);
  for (std::size_t at = 0; at < used; ++at) {
    const std::uint32_t device = table[at].device.load(std::memory_order_acquire);
    if (device == 0 || table[at].st_ino != ino || table[at].st_dev != dev) {
      continue;
    }
    DeviceRecord* found = device_of(store, device, table[at].born);
    return found != nullptr ? std::optional(Bind{.device = found, .mark = table[at].mark}) : std::nullopt;
  }
  return std::nullopt;
}

void each_bind(const Store& store, FunctionRef<void(std::uint64_t, std::uint32_t)> each) {
  for (const BindRecord& bind : store.platform().binds) {
    if (bind.device.load(std::memory_order_acquire) != 0) {
      each(bind.st_dev, bind.mark);
    }
  }
}

void note_bind(const Store& store, const Bind& bind, std::uint64_t dev, std::uint64_t ino) {
  Platform& platform = store.platform();
  for (BindRecord& record : platform.binds) { // of a file system that is no more
    if (record.device.load(std::memory_order_acquire) != 0 && record.st_dev == dev && record.st_ino == ino) {
      record.device.store(0, std::memory_order_release);
    }
  }
  BindRecord& record = platform.binds[platform.binds_made.fetch_add(1) % kMaxBinds];
  record.device.store(0, std::memory_order_release);
  record.mark = bind.mark;
  record.born = bind.device->born;
  record.st_dev = dev;
  record.st_ino = ino;
  record.device.store(index_of(store, *bind.device), std::memory_order_release);
}

void each_cover(const Store& store, const DeviceRecord* device, FunctionRef<bool(const CoverRecord&)> each) {
  const std::uint32_t made = store.platform().covers_made.load(std::memory_order_acquire);
  for (std::uint32_t back = 1; back <= std::min<std::uint32_t>(made, kMaxCovers); ++back) {
    const CoverRecord& cover = store.platform().covers[(made - back) % kMaxCovers];
    const std::uint32_t whose = cover.device.load(std::memory_order_acquire);
    const bool asked = device == nullptr || device_of(store, whose, cover.born) == device;
    if (whose != 0 && asked && !each(cover)) {
      return;
    }
  }
}

bool note_cover(const Store& store, const DeviceRecord& device, std::string_view path, const struct stat& about) {
  Platform& platform = store.platform();
  CoverPath text;
  if (!text.assign(path)) {
    return false;
  }
  CoverRecord& record = platform.covers[platform.covers_made.fetch_add(1) % kMaxCovers];
  record.device.store(0, std::memory_order_release);
  record.path = text;
  record.born = device.born;
  record.st_dev = about.st_dev;
  record.st_ino = about.st_ino;
  record.device.store(index_of(store, device), std::memory_order_release);
  return true;
}

} // namespace daxemu::store
