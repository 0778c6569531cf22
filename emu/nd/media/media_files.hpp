// The files that bytes are moved between: of a device, and of what has its bytes while there is none.
#pragma once

#include <array>

#include "emu/base/function_ref.hpp"
#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/nd/media/stripes.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// The file of a device's bytes, as one that can have holes.
class DeviceFile {
public:
  // Errors: ENOMEM (it cannot be opened).
  [[nodiscard]] static Result<DeviceFile> open(const store::Store& store, const store::DeviceRecord& device);
  // Of a file of small pages that is no device's.
  [[nodiscard]] static Result<DeviceFile> open(const store::Store& store, const store::BackingRecord& backing);
  // The first byte at or behind `offset` that may have been written; ~0: none.
  [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) const;
  [[nodiscard]] Result<void> read(std::span<std::byte> into, std::uint64_t offset) const;
  // Errors: ENOMEM.
  [[nodiscard]] Result<void> write(std::span<const std::byte> from, std::uint64_t offset) const;

private:
  UniqueFd fd_;
  bool hugetlb_ = false; // has no holes to be asked for, and cannot be written to but by mapping it
  std::uint64_t page_size_ = kPageSize;
  std::uint64_t align_ = kPageSize; // of the folios
  mm::FolioTable folios_;
};

// What a region is made of (stripes.hpp): of memdevs, or of DIMMs.
class TargetFiles {
public:
  // Errors: ENOMEM (one of them cannot be opened).
  [[nodiscard]] static Result<TargetFiles> open(const store::Store& store, const RegionMedia& media);
  [[nodiscard]] const Stripes& stripes() const { return stripes_; }
  // The first byte of the region at or behind `offset` and before `end` that may have been written; ~0: none.
  [[nodiscard]] std::uint64_t next_data(std::uint64_t offset, std::uint64_t end) const;
  // Bytes of the target at `position`, from byte `at` of its stretch on. What no file has reads zero.
  void read(std::uint64_t position, std::span<std::byte> into, std::uint64_t at) const;
  // Pages of zeroes are left out where the file has nothing. Errors: those of write(2), as ENOSPC of an image's disk.
  [[nodiscard]] Result<void> write(std::uint64_t position, std::span<const std::byte> from, std::uint64_t at) const;
  // Pages for bytes [offset, end) of the region, as far as the file system can promise them. Errors: ENOSPC, ENOMEM.
  [[nodiscard]] Result<void> reserve(std::uint64_t offset, std::uint64_t end) const;
  // A device has bytes [offset, end) of the region now: they take no memory here. An image keeps them: it is all there
  // is should the platform not live to return them.
  void clear(std::uint64_t offset, std::uint64_t end) const;

private:
  explicit TargetFiles(const RegionMedia& media) : stripes_(media) {}
  struct Target {
    UniqueFd fd; // none: its memdev has no file
    bool is_image = false;
    std::uint64_t start = 0;
  };
  Stripes stripes_;
  std::array<Target, store::kMaxCxlWays> targets_;
};

// Calls for each run of pages of [at, at + bytes) that are not zero, with its place in `bytes`; the zero pages go to
// `zero` likewise. Pages are those of `at`.
void each_written_run(std::span<const std::byte> bytes, std::uint64_t at,
                      FunctionRef<bool(std::size_t first, std::size_t size)> written,
                      FunctionRef<bool(std::size_t first, std::size_t size)> zero);

} // namespace daxemu::nd
