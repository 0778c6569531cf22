// Bytes of a disk that a namespace of the nd bus has, between where they lie (emu/dax/nd/nd_disk.hpp) and the program's
// memory. Opens what it needs when it needs it, for as long as one call takes.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/dax/nd/btt.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/store/store.hpp"
#include "runtime/fault/devices/lazy_image.hpp"

namespace daxemu::preload {

class DiskBytes {
public:
  DiskBytes(const store::Store& store, store::RegionRecord& region) : store_(&store), region_(&region) {}

  // Up to the end of the disk, which is behind `offset`, or to what cannot be reached: bytes moved. Errors, if that is
  // at the very beginning: EFAULT (the program's memory), EIO (poison; an image that is damaged; nothing behind it).
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, void* into, std::size_t size);
  [[nodiscard]] Result<std::size_t> write(std::uint64_t offset, const void* from, std::size_t size);

private:
  // The memory of a device that nobody has: its file, its folios, and the image that it may be in still.
  struct Memory {
    UniqueFd bytes;
    mm::FolioTable folios;
    fault::LazyImage image;
  };
  enum class Way { read, write };
  [[nodiscard]] Result<std::size_t> move(Way way, std::uint64_t offset, char* memory, std::size_t size);
  [[nodiscard]] Result<std::size_t> move_bytes(Way way, std::uint64_t offset, char* memory, std::size_t size);
  [[nodiscard]] Result<std::size_t> move_sectors(Way way, std::uint32_t shown, std::uint64_t offset, char* memory,
                                                 std::size_t size);
  [[nodiscard]] Result<std::size_t> move_sector(Way way, const dax::nd::BttArena& arena, std::uint64_t sector,
                                                std::uint64_t within, char* memory, std::size_t size);
  [[nodiscard]] Result<std::size_t> move_reserve(Way way, std::uint64_t offset, char* memory, std::size_t size);
  [[nodiscard]] Result<std::size_t> move_memory(Way way, store::DeviceRecord& device, std::uint64_t offset,
                                                char* memory, std::size_t size);
  [[nodiscard]] Result<void> open_memory(const store::DeviceRecord& device);
  [[nodiscard]] Result<void> prepare(Way way, const store::DeviceRecord& device, std::uint64_t offset,
                                     std::size_t size);

  const store::Store* store_;
  store::RegionRecord* region_;
  UniqueFd reserve_;
  std::optional<Memory> memory_;
};

} // namespace daxemu::preload
