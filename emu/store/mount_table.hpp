// Binds of nodes and mounts on them, as far as the store has to know: which mount is where is the kernel's to keep.
// Nobody takes a lock: who
// makes a sandbox has no /proc meanwhile, which locks need (FileLock).
#pragma once

#include <optional>

#include "emu/base/function_ref.hpp"
#include "emu/store/store.hpp"

namespace daxemu::store {

// A file that stands for a device.
struct Bind {
  DeviceRecord* device = nullptr; // as long as that is there
  std::uint32_t mark = 0;
};

// Was ever one made? Until then nobody looks further.
[[nodiscard]] inline bool has_binds(const Store& store) noexcept {
  return store.platform().binds_made.load(std::memory_order_acquire) != 0;
}
[[nodiscard]] inline bool has_covers(const Store& store) noexcept {
  return store.platform().covers_made.load(std::memory_order_acquire) != 0;
}

// What may be the inode (dev, ino), by its mark; nothing: it stands for none, or for one that is gone.
[[nodiscard]] std::optional<Bind> find_bind(const Store& store, std::uint64_t dev, std::uint64_t ino) noexcept;
// Every file system of one that stands for a device, whether that is there or not.
void each_bind(const Store& store, FunctionRef<void(std::uint64_t dev, std::uint32_t mark)> each);
void note_bind(const Store& store, const Bind& bind, std::uint64_t dev, std::uint64_t ino);

// The covers of `device` (nullptr: of any, be it gone), the last ones first, until told to stop by `false`.
void each_cover(const Store& store, const DeviceRecord* device, FunctionRef<bool(const CoverRecord&)> each);
// False: the path is too long.
bool note_cover(const Store& store, const DeviceRecord& device, std::string_view path, const struct stat& about);

} // namespace daxemu::store
