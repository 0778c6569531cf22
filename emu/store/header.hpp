// The first page of a store, read before anything else of it is believed.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/result.hpp"

namespace daxemu::store {

inline constexpr std::array<char, 8> kMagic = {'D', 'A', 'X', 'E', 'M', 'U', '\r', '\n'};
inline constexpr std::uint32_t kLayoutVersion = 29; // grows when records.hpp changes its layout
inline constexpr std::uint64_t kHeaderSize = 4096;

struct Header {
  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t complete = 0; // 1 once the segment is fully built; a half-built store is refused
  std::uint64_t file_size = 0;
  std::uint64_t segment_size = 0;
  std::uint64_t record_sizes = 0; // fingerprint of the record layout this store was built with
  std::uint64_t platform_at = 0;  // where the Platform record is, bytes from the start of the file
  std::uint64_t checksum = 0;     // of all the above
};

[[nodiscard]] std::uint64_t record_fingerprint();
// FNV-1a of every byte before `checksum`.
[[nodiscard]] std::uint64_t checksum_of(const Header& header);
// Refuses (EPROTO foreign or corrupt, ENOTSUP other version, EIO truncated, EAGAIN half-built) what is not a whole
// store of this layout. `actual_size` is the file's size in bytes.
[[nodiscard]] Result<void> check(const Header& header, std::uint64_t actual_size);

} // namespace daxemu::store
