// The folio records of one device, mapped from the sparse file that holds them. Pages of it nobody touched cost
// nothing, so a 1 TiB device costs what its touched extents cost.
#pragma once

#include <span>
#include <vector>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/result.hpp"
#include "emu/base/units.hpp"
#include "emu/mm/folio_layout.hpp"

namespace daxemu::mm {

class FolioTable {
public:
  FolioTable() = default;

  // Bytes the file of a device with `extents` extents must have (page aligned). Nearly all of it stays a hole.
  [[nodiscard]] static constexpr std::uint64_t file_size(std::uint64_t extents) { return folio_file_size(extents); }
  // Maps the table from `fd` (borrowed). Errors: mmap(2)'s; EIO if the file is shorter than file_size(extents).
  [[nodiscard]] static Result<FolioTable> map(int fd, std::uint64_t extents);
  // The same from a path, such as DeviceRecord::folios_location. Errors: open(2)'s too.
  [[nodiscard]] static Result<FolioTable> open(const char* path, std::uint64_t extents);

  [[nodiscard]] std::uint64_t size() const { return extents_; }
  // `index` must be below size().
  [[nodiscard]] FolioRecord& operator[](ExtentIndex index) const { return records_[index.value()]; }
  [[nodiscard]] std::span<FolioRecord> records() const { return {records_, extents_}; }
  [[nodiscard]] FolioControl& control() const { return *static_cast<FolioControl*>(mapping_.data()); }

  // The pieces [first, last) of the table that have memory: every folio ever touched is in one of them. `fd` is the
  // file the table was mapped from. Costs what was touched, not what the device could hold. Errors: lseek(2)'s.
  struct Piece {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  [[nodiscard]] Result<std::vector<Piece>> touched(int fd) const;

private:
  FolioTable(Mapping mapping, std::uint64_t extents)
      : mapping_(std::move(mapping)),
        records_(reinterpret_cast<FolioRecord*>(mapping_.bytes().data() + folio_records_offset())), extents_(extents) {}

  Mapping mapping_; // control block and records
  FolioRecord* records_ = nullptr;
  std::uint64_t extents_ = 0;
};

} // namespace daxemu::mm
