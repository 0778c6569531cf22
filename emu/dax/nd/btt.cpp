#include "emu/dax/nd/btt.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "emu/base/units.hpp"

namespace daxemu::dax::nd {
namespace {

constexpr std::uint64_t kBttPage = 4096;          // BTT_PG_SIZE
constexpr std::uint64_t kMostArena = 1ULL << 39U; // ARENA_MAX_SIZE
constexpr std::uint64_t kBlockAlignment = 64;     // INT_LBASIZE_ALIGNMENT
constexpr std::string_view kBttSignature("BTT_ARENA_INFO\0\0", 16);

// struct btt_sb
struct BttLayout {
  std::array<char, 16> signature{};
  store::Uuid uuid{};
  store::Uuid parent{};
  std::uint32_t flags = 0;
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::uint32_t external_lbasize = 0;
  std::uint32_t external_nlba = 0;
  std::uint32_t internal_lbasize = 0;
  std::uint32_t internal_nlba = 0;
  std::uint32_t nfree = 0;
  std::uint32_t infosize = 0;
  std::uint64_t nextoff = 0;
  std::uint64_t dataoff = 0;
  std::uint64_t mapoff = 0;
  std::uint64_t logoff = 0;
  std::uint64_t info2off = 0;
  std::array<std::uint8_t, 3968> padding{};
  std::uint64_t checksum = 0;
};
static_assert(sizeof(BttLayout) == kInfoSize);

std::uint16_t major_of(BttVersion version) {
  return version == BttVersion::v2_0 ? 2 : 1;
}
std::uint16_t minor_of(BttVersion version) {
  return version == BttVersion::v2_0 ? 0 : 1;
}

BttArena arena_of(BttVersion version, std::uint64_t start, std::uint64_t size, std::uint32_t sector_size) {
  BttArena arena{.version = version, .start = start, .size = size, .sector_size = sector_size};
  arena.block_size = static_cast<std::uint32_t>(align_up(sector_size, kBlockAlignment));
  const std::uint64_t log_size = align_up(kBttFree * kBttLogGroup, kBttPage);
  const std::uint64_t available = align_down(size, kBttPage) - 2 * kBttPage - log_size; // without the two blocks
  arena.blocks = (available - kBttPage) / (arena.block_size + kBttMapEntry);
  arena.sectors = arena.blocks - kBttFree;
  const std::uint64_t map_size = align_up(arena.sectors * kBttMapEntry, kBttPage);
  arena.data = start + kBttPage;
  arena.map = arena.data + (available - map_size);
  arena.log = arena.map + map_size;
  arena.copy = arena.log + log_size;
  return arena;
}

} // namespace

void each_btt_arena(BttVersion version, std::uint64_t size, std::uint32_t sector_size,
                    FunctionRef<void(const BttArena&)> each) {
  std::uint64_t start = btt_offset(version);
  std::uint64_t remaining = size < start ? 0 : size - start;
  std::uint64_t first = 0;
  while (remaining >= kBttLeastArena) {
    BttArena arena = arena_of(version, start, std::min(kMostArena, remaining), sector_size);
    remaining -= arena.size;
    arena.first = first;
    arena.is_last = remaining < kBttLeastArena;
    start += arena.size;
    first += arena.sectors;
    each(arena);
  }
}

BttArena btt_arena_with(BttVersion version, std::uint64_t size, std::uint32_t sector_size, std::uint64_t sector) {
  BttArena found;
  each_btt_arena(version, size, sector_size, [&](const BttArena& arena) { found = arena.has(sector) ? arena : found; });
  return found;
}

std::uint64_t btt_sectors(BttVersion version, std::uint64_t size, std::uint32_t sector_size) {
  std::uint64_t sectors = 0;
  each_btt_arena(version, size, sector_size, [&](const BttArena& arena) { sectors += arena.sectors; });
  return sectors;
}

InfoBytes btt_block(const BttArena& arena, const store::Uuid& uuid, const store::Uuid& parent) {
  BttLayout layout;
  std::copy(kBttSignature.begin(), kBttSignature.end(), layout.signature.begin());
  layout.uuid = uuid;
  layout.parent = parent;
  layout.major = major_of(arena.version);
  layout.minor = minor_of(arena.version);
  layout.external_lbasize = arena.sector_size;
  layout.external_nlba = static_cast<std::uint32_t>(arena.sectors);
  layout.internal_lbasize = arena.block_size;
  layout.internal_nlba = static_cast<std::uint32_t>(arena.blocks);
  layout.nfree = kBttFree;
  layout.infosize = sizeof(BttLayout);
  layout.nextoff = arena.is_last ? 0 : arena.size;
  layout.dataoff = arena.data - arena.start;
  layout.mapoff = arena.map - arena.start;
  layout.logoff = arena.log - arena.start;
  layout.info2off = arena.copy - arena.start;
  layout.checksum = checksum_of(layout);
  InfoBytes bytes;
  std::memcpy(bytes.data(), &layout, sizeof layout);
  return bytes;
}

store::NdInfoBlock parse_btt_block(const InfoBytes& bytes, BttVersion version, std::uint64_t size,
                                   const store::Uuid& parent) {
  BttLayout layout;
  std::memcpy(&layout, bytes.data(), sizeof layout);
  if (!std::equal(kBttSignature.begin(), kBttSignature.end(), layout.signature.begin()) ||
      layout.checksum != checksum_of(layout) || layout.major != major_of(version) ||
      layout.minor != minor_of(version) || (layout.parent != store::Uuid{} && layout.parent != parent) ||
      layout.external_lbasize < 512 || layout.external_lbasize > 2 * kBttPage) {
    return {};
  }
  store::NdInfoBlock found;
  each_btt_arena(version, size, layout.external_lbasize, [&](const BttArena& arena) {
    if (arena.first == 0 && btt_block(arena, layout.uuid, layout.parent) == bytes) {
      found = {.kind = store::NdKind::btt, .align = layout.external_lbasize, .uuid = layout.uuid};
    }
  });
  return found;
}

} // namespace daxemu::dax::nd
