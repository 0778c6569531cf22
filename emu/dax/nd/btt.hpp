// The layout of a namespace in sector mode (drivers/nvdimm/btt.c, btt.h, versions 1.1 and 2.0): arenas one behind the
// other, each with an information block, the data, the map from sectors to blocks, the log, and the block once more.
// Sectors are written in place here, where a kernel takes a free block for each: the map stays as it was found, which a
// kernel reads as well, and a sector that is being written when the power goes may be torn. The log is of nobody, but
// as a kernel begins it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "emu/base/function_ref.hpp"
#include "emu/dax/nd/nd_info.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::dax::nd {

inline constexpr std::uint64_t kBttLeastArena = 16U << 20U;          // ARENA_MIN_SIZE
inline constexpr std::uint32_t kBttFree = 256;                       // BTT_DEFAULT_NFREE
inline constexpr std::uint64_t kBttMapEntry = sizeof(std::uint32_t); // MAP_ENT_SIZE
inline constexpr std::uint64_t kBttLogGroup = 64;                    // LOG_GRP_SIZE

// Which one a namespace has, its class says (nd_btt_version): they differ by where the first arena begins.
enum class BttVersion { v1_1, v2_0 };
[[nodiscard]] inline BttVersion btt_version(const store::RegionRecord& space) {
  return space.nd.holder_class == store::NdKind::btt2 ? BttVersion::v2_0 : BttVersion::v1_1;
}
[[nodiscard]] constexpr std::uint64_t btt_offset(BttVersion version) { // initial_offset
  return version == BttVersion::v2_0 ? 0 : kInfoOffset;
}

// Places are counted from the start of the namespace.
struct BttArena {
  BttVersion version = BttVersion::v1_1;
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  bool is_last = true;
  std::uint64_t first = 0;       // its first sector, of the disk's
  std::uint64_t sectors = 0;     // external_nlba
  std::uint64_t blocks = 0;      // internal_nlba
  std::uint32_t sector_size = 0; // external_lbasize
  std::uint32_t block_size = 0;  // internal_lbasize
  std::uint64_t data = 0;
  std::uint64_t map = 0;
  std::uint64_t log = 0;
  std::uint64_t copy = 0; // info2off
  [[nodiscard]] constexpr bool has(std::uint64_t sector) const { return sector >= first && sector - first < sectors; }
};
// Of a namespace of so many bytes whose sectors (lbasize) have `sector_size` bytes (create_arenas, alloc_arena).
void each_btt_arena(BttVersion version, std::uint64_t size, std::uint32_t sector_size,
                    FunctionRef<void(const BttArena&)> each);
// The one that has the disk's sector; one without sectors: none has.
[[nodiscard]] BttArena btt_arena_with(BttVersion version, std::uint64_t size, std::uint32_t sector_size,
                                      std::uint64_t sector);
// How many sectors that are together; of each the disk shows 4096 bytes, or 512.
[[nodiscard]] std::uint64_t btt_sectors(BttVersion version, std::uint64_t size, std::uint32_t sector_size);
[[nodiscard]] constexpr std::uint32_t btt_shown_sector(std::uint32_t sector_size) {
  return sector_size >= 4096 ? 4096 : 512;
}

// btt_arena_write_layout(): the block at its start and at its end.
[[nodiscard]] InfoBytes btt_block(const BttArena& arena, const store::Uuid& uuid, const store::Uuid& parent);
// Whose uuid, and what sectors. Not present: nd_btt_arena_is_valid() says no, or it is of another version or
// layout than each_btt_arena() makes of that size.
[[nodiscard]] store::NdInfoBlock parse_btt_block(const InfoBytes& bytes, BttVersion version, std::uint64_t size,
                                                 const store::Uuid& parent = {});

// Where a sector's bytes are, by its entry in the map (btt_map_read).
struct BttSector {
  enum class State { data, zeroes, bad };
  State state = State::data;
  std::uint64_t block = 0;
};
[[nodiscard]] constexpr BttSector btt_sector(std::uint32_t entry, std::uint64_t sector_of_arena) {
  constexpr std::uint32_t kZero = 1U << 31U;
  constexpr std::uint32_t kError = 1U << 30U;
  const std::uint32_t block = entry & ~(kZero | kError);
  switch (entry & (kZero | kError)) {
  case kZero | kError: // MAP_ENT_NORMAL
    return {BttSector::State::data, block};
  case kZero:
    return {BttSector::State::zeroes, block};
  case kError:
    return {BttSector::State::bad, block};
  default: // as it was made: each has its own
    return {BttSector::State::data, sector_of_arena};
  }
}

} // namespace daxemu::dax::nd
