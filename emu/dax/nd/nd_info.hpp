// The info block of a namespace in devdax or fsdax mode as the bytes that lie in it (struct nd_pfn_sb in
// drivers/nvdimm/pfn.h, version 1.4): what nd_pfn_init() writes and nd_pfn_validate() believes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "emu/store/records/records.hpp"

namespace daxemu::dax::nd {

inline constexpr std::uint64_t kInfoOffset = 4096; // of the namespace's start, behind what a btt would write
inline constexpr std::size_t kInfoSize = 4096;
using InfoBytes = std::array<std::byte, kInfoSize>;

// nd_fletcher64() of all of it, which is written into its last 8 bytes where these were zero.
[[nodiscard]] std::uint64_t info_checksum(const InfoBytes& bytes);
// The same of a block that has it as `checksum`, whatever that is now.
template <class Block>
[[nodiscard]] std::uint64_t checksum_of(Block block) {
  static_assert(sizeof(Block) == kInfoSize);
  block.checksum = 0;
  InfoBytes bytes;
  std::memcpy(bytes.data(), &block, sizeof block);
  return info_checksum(bytes);
}

// `parent` is the uuid of the namespace in whose label it is, zero where there are none.
//
// What an info of a pfn or dax says, of which `data` bytes before the data and `end` bytes behind it are not used;
// zeroes if there is none.
[[nodiscard]] InfoBytes info_bytes(const store::NdInfoBlock& info, std::uint64_t data, std::uint64_t size,
                                   std::uint64_t end, const store::Uuid& parent = {});
// Of no kind: the bytes are no info block of a pfn or dax (signature, checksum, a parent), or one that says what no
// kernel of this machine would use.
[[nodiscard]] store::NdInfoBlock parse_info(const InfoBytes& bytes, const store::Uuid& parent = {});

// Where the block of a namespace is, in bytes from its start: of a btt of version 2.0 it is the first thing there.
[[nodiscard]] std::uint64_t info_offset(const store::RegionRecord& space);
// The same of a namespace, whoever holds it: a btt too.
// One whose data is not where data_begin() has it, or does not end where it does there, is read with an align of 0: it
// is there, and nobody can use it. Kernels take any place of the data that is aligned; what they write is this one
// (nd_pfn_init), and with a start_pad that of ndctl write-infoblock.
[[nodiscard]] InfoBytes info_block(const store::RegionRecord& space);
[[nodiscard]] store::NdInfoBlock parse_info_block(const store::RegionRecord& space, const InfoBytes& bytes);

} // namespace daxemu::dax::nd
