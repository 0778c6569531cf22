// The info block of a namespace in devdax mode as the bytes that lie in it (struct nd_pfn_sb in drivers/nvdimm/pfn.h,
// version 1.4): what nd_pfn_init() writes and nd_pfn_validate() believes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "emu/store/records/records.hpp"

namespace daxemu::dax::nd {

inline constexpr std::uint64_t kInfoOffset = 4096; // of the namespace's start, behind what a btt would write
inline constexpr std::size_t kInfoSize = 4096;
using InfoBytes = std::array<std::byte, kInfoSize>;

// `parent` is the uuid of the namespace in whose label it is, zero where there are none.
//
// What the region's info says, of which `data` bytes before the data and `end` bytes behind it are not used; zeroes if
// there is none.
[[nodiscard]] InfoBytes info_bytes(const store::NdInfoBlock& info, std::uint64_t data, std::uint64_t size,
                                   std::uint64_t end, const store::Uuid& parent = {});
// Not present: the bytes are no info block of a dax (signature, checksum, a parent), or one that says what no kernel of
// this machine would use.
[[nodiscard]] store::NdInfoBlock parse_info(const InfoBytes& bytes, const store::Uuid& parent = {});

} // namespace daxemu::dax::nd
