// The layout of a namespace in sector mode, with the numbers that a kernel wrote into its own (client.nfit.labels:
// guest of 6.12).
#include "emu/dax/nd/btt.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace daxemu::dax::nd {
namespace {

std::vector<BttArena> arenas_of(std::uint64_t size, std::uint32_t sector, BttVersion version = BttVersion::v1_1) {
  std::vector<BttArena> arenas;
  each_btt_arena(version, size, sector, [&](const BttArena& arena) { arenas.push_back(arena); });
  return arenas;
}

TEST(Btt, IsLaidOutAsTheKernelDoes) {
  const auto large = arenas_of(64U << 20U, 4096);
  ASSERT_EQ(large.size(), 1U);
  EXPECT_EQ(large[0].sectors, 0x3ee8U);
  EXPECT_EQ(large[0].blocks, 0x3fe8U);
  EXPECT_EQ(large[0].data - large[0].start, 0x1000U);
  EXPECT_EQ(large[0].map - large[0].start, 0x3fea000U);
  EXPECT_EQ(large[0].log - large[0].start, 0x3ffa000U);
  EXPECT_EQ(large[0].copy - large[0].start, 0x3ffe000U);
  EXPECT_EQ(btt_sectors(BttVersion::v1_1, 64U << 20U, 4096) * 4096, 65961984U);
  const auto small = arenas_of(32U << 20U, 512);
  ASSERT_EQ(small.size(), 1U);
  EXPECT_EQ(small[0].sectors, 0xfcc4U);
  EXPECT_EQ(small[0].map - small[0].start, 0x1fba000U);
  EXPECT_EQ(btt_sectors(BttVersion::v1_1, 32U << 20U, 512) * 512, 33130496U);
}

// Sectors with bytes of metadata: what "size" ndctl told in the guest, of 512 bytes each.
TEST(Btt, BlocksAreMultiplesOf64) {
  EXPECT_EQ(btt_sectors(BttVersion::v1_1, 48U << 20U, 520) * 512, 44270592U);
}

// Where labels are of version 1.2 (alloc_arena() of the same kernel).
TEST(Btt, OfVersion2BeginsWithItsBlock) {
  const auto arenas = arenas_of(64U << 20U, 4096, BttVersion::v2_0);
  ASSERT_EQ(arenas.size(), 1U);
  EXPECT_EQ(arenas[0].start, 0U);
  EXPECT_EQ(arenas[0].copy, (64U << 20U) - 4096);
  EXPECT_EQ(btt_sectors(BttVersion::v2_0, 64U << 20U, 4096) * 4096, 65966080U);
  EXPECT_EQ(arenas_of(16U << 20U, 512, BttVersion::v2_0).size(), 1U);
  const InfoBytes bytes = btt_block(arenas[0], {1}, {2});
  EXPECT_EQ(bytes[16 + 32 + 4], std::byte{2}); // its version
  EXPECT_EQ(bytes[16 + 32 + 6], std::byte{0});
  EXPECT_EQ(parse_btt_block(bytes, BttVersion::v2_0, 64U << 20U, {2}).kind, store::NdKind::btt);
  EXPECT_EQ(parse_btt_block(bytes, BttVersion::v1_1, 64U << 20U, {2}).kind, store::NdKind::none);
}

TEST(Btt, HasAnArenaForEach512G) {
  const std::uint64_t size = (1ULL << 40U) + (8U << 20U); // the rest is too small for one
  const auto arenas = arenas_of(size, 4096);
  ASSERT_EQ(arenas.size(), 2U);
  EXPECT_FALSE(arenas[0].is_last);
  EXPECT_TRUE(arenas[1].is_last);
  EXPECT_EQ(arenas[1].start, arenas[0].start + arenas[0].size);
  EXPECT_EQ(arenas[1].first, arenas[0].sectors);
  EXPECT_TRUE(arenas_of(16U << 20U, 512).empty()); // the first 4096 bytes are not its own
}

TEST(Btt, FindsTheArenaOfASector) {
  constexpr std::uint64_t kSize = 1ULL << 40U;
  const auto arenas = arenas_of(kSize, 512);
  ASSERT_EQ(arenas.size(), 2U);
  const auto start_of = [](std::uint64_t sector) { return btt_arena_with(BttVersion::v1_1, kSize, 512, sector).start; };
  EXPECT_EQ(start_of(0), arenas[0].start);
  EXPECT_EQ(start_of(arenas[0].sectors - 1), arenas[0].start);
  EXPECT_EQ(start_of(arenas[1].first), arenas[1].start);
  const std::uint64_t all = btt_sectors(BttVersion::v1_1, kSize, 512);
  EXPECT_EQ(start_of(all - 1), arenas[1].start);
  EXPECT_EQ(btt_arena_with(BttVersion::v1_1, kSize, 512, all).sectors, 0U);
  EXPECT_FALSE(arenas[0].has(arenas[1].first));
  EXPECT_FALSE(BttArena{}.has(0));
}

TEST(Btt, KnowsItsBlockAgain) {
  constexpr std::uint64_t kSize = 32U << 20U;
  const store::Uuid uuid = {1, 2, 3};
  const store::Uuid parent = {4, 5, 6};
  InfoBytes bytes = btt_block(arenas_of(kSize, 512)[0], uuid, parent);
  const store::NdInfoBlock found = parse_btt_block(bytes, BttVersion::v1_1, kSize, parent);
  EXPECT_EQ(found.kind, store::NdKind::btt);
  EXPECT_EQ(found.align, 512U);
  EXPECT_EQ(found.uuid, uuid);
  EXPECT_EQ(parse_btt_block(bytes, BttVersion::v1_1, kSize, uuid).kind, store::NdKind::none); // another's namespace
  EXPECT_EQ(parse_btt_block(bytes, BttVersion::v1_1, kSize + 4096, parent).kind, store::NdKind::none); // another size
  bytes[100] ^= std::byte{1};
  EXPECT_EQ(parse_btt_block(bytes, BttVersion::v1_1, kSize, parent).kind, store::NdKind::none);
}

TEST(Btt, FindsASectorByItsEntry) {
  using State = BttSector::State;
  EXPECT_EQ(btt_sector(0, 7).block, 7U); // as it was made
  EXPECT_EQ(btt_sector(0, 7).state, State::data);
  EXPECT_EQ(btt_sector(0xc0000009, 7).block, 9U);
  EXPECT_EQ(btt_sector(0xc0000009, 7).state, State::data);
  EXPECT_EQ(btt_sector(0x80000009, 7).state, State::zeroes);
  EXPECT_EQ(btt_sector(0x40000009, 7).state, State::bad);
}

} // namespace
} // namespace daxemu::dax::nd
