// The bytes of an image file, version 1: a device's contents that survive the machine's restart.
//
//   0          Header, one page
//   4096       table 0: one Entry per extent
//   ...        table 1: the same, page aligned
//   data_start slots: extent N has slot 0 at data_start + 2N * extent_size and slot 1 behind it
//
// Generation g of an extent lives in slot g % 2 and is described in table g % 2. So a write-back touches nothing of
// the version before it: data first, then, when that is durable, the entry. Whatever a crash tears is of a generation
// no entry vouches for. Until an extent is written back a second time its other slot is a hole; after that it has both,
// and takes twice its size. An extent of zeros has an entry and no slot.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/base/units.hpp"

namespace daxemu::backing::image {

inline constexpr std::array<char, 8> kMagic = {'D', 'A', 'X', 'E', 'M', 'U', 'I', 'M'};
inline constexpr std::uint32_t kVersion = 1;

struct Header {
  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t reserved = 0;
  std::uint64_t extent_size = 0;           // bytes
  std::uint64_t size = 0;                  // bytes of the device
  std::array<std::uint64_t, 2> identity{}; // random: an entry of another image never passes for ours
  std::uint64_t checksum = 0;              // of all the above
};

struct Entry {
  std::uint64_t generation = 0;    // 0: this entry was never written
  std::uint64_t data_checksum = 0; // of the extent's bytes
  std::uint64_t zero = 0;          // 1: all bytes are zero, the slot is not used
  std::uint64_t checksum = 0;      // of the above, the extent's number and the image's identity
};
static_assert(sizeof(Entry) == 32); // divides a disk's sector: an entry is never written by halves

[[nodiscard]] std::uint64_t checksum_of(const Header& header);
[[nodiscard]] std::uint64_t checksum_of(const Entry& entry, ExtentIndex extent, const Header& header);

// Where things are in an image of these dimensions, bytes from the file's start.
class Layout {
public:
  explicit Layout(const Header& header)
      : extents_(header.size / header.extent_size), extent_size_(header.extent_size) {}
  [[nodiscard]] std::uint64_t extents() const { return extents_; }
  [[nodiscard]] std::uint64_t table_size() const { return align_up(extents_ * sizeof(Entry), kPageSize); }
  [[nodiscard]] std::uint64_t table(unsigned which) const { return kPageSize + which * table_size(); }
  [[nodiscard]] std::uint64_t entry(std::uint64_t generation, ExtentIndex extent) const {
    return table(generation % 2) + extent.value() * sizeof(Entry);
  }
  [[nodiscard]] std::uint64_t data_start() const { return align_up(table(2), extent_size_); }
  [[nodiscard]] std::uint64_t slot(std::uint64_t generation, ExtentIndex extent) const {
    return data_start() + (2 * extent.value() + generation % 2) * extent_size_;
  }
  [[nodiscard]] std::uint64_t file_size() const { return data_start() + 2 * extents_ * extent_size_; }

private:
  std::uint64_t extents_;
  std::uint64_t extent_size_;
};

// Is it the header of an image this version reads, for a file of `actual_size` bytes? Errors: EPROTO (foreign or
// damaged), ENOTSUP (another version), EIO (the file is cut short), EINVAL (impossible dimensions).
[[nodiscard]] Result<void> check(const Header& header, std::uint64_t actual_size);

} // namespace daxemu::backing::image
