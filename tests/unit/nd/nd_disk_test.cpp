// The disk that a namespace of the nd bus is while nobody else has it: where its bytes lie, and what they say.
#include "emu/dax/nd/nd_disk.hpp"

#include <optional>
#include <string>

#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/backing/spare_files.hpp"
#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_info.hpp"

namespace daxemu::dax::nd {
namespace {

using store::NdKind;
using store::NdPages;

constexpr std::uint64_t kSize = 64ULL << 20;

// A namespace of 64M of data, which nobody has.
struct Lab {
  Lab() {
    auto fd = sys::memfd_create("disk-test", MFD_CLOEXEC);
    auto made = store::Store::create(UniqueFd(*fd), "lab");
    EXPECT_TRUE(made);
    store.emplace(std::move(*made));
    EXPECT_TRUE(add_region(*store, {.kind = store::RegionKind::pmem, .data_size = kSize, .align = kPmdSize}));
    DeviceSpec spec;
    spec.size = kSize;
    spec.align = kPmdSize;
    EXPECT_TRUE(add_device(*store, spec));
    auto spares = backing::add_spare_files(*store, source);
    EXPECT_TRUE(spares);
    held = std::move(*spares);
    let_go();
  }
  [[nodiscard]] store::RegionRecord& region() const { return store->regions()[0]; }
  void let_go() const {
    auto change = Change::begin(*store);
    store::NdHolderRecord* holder = holder_of_namespace(*store, region());
    EXPECT_TRUE(unbind_holder(*store, region(), *holder));
    EXPECT_TRUE(detach(region(), *holder));
  }
  // 0, or the errno.
  [[nodiscard]] int bind(bool raw) const {
    auto change = Change::begin(*store);
    region().nd.force_raw = raw ? 1 : 0;
    const auto bound = bind_namespace(*store, region());
    return bound ? 0 : bound.error().value;
  }
  [[nodiscard]] InfoBytes block() const {
    InfoBytes bytes{};
    const auto file = open_reserve(*store, region());
    EXPECT_TRUE(file && read_whole(file->get(), bytes, kInfoOffset));
    return bytes;
  }
  void put(const InfoBytes& bytes) const {
    const auto file = open_reserve(*store, region());
    EXPECT_TRUE(file && write_whole(file->get(), bytes, kInfoOffset));
    EXPECT_TRUE(note_written(*store, region(), 0, 2 * kInfoOffset));
  }
  std::optional<store::Store> store;
  backing::MemfdSource source;
  std::vector<UniqueFd> held;
};

TEST(NdInfo, SaysInBytesWhatItSays) {
  const store::NdInfoBlock info{.kind = NdKind::dax,
                                .pages = NdPages::pmem,
                                .align = static_cast<std::uint32_t>(kPudSize),
                                .uuid = {1, 2, 3, 4, 5, 6, 7, 8}};
  InfoBytes bytes = info_bytes(info, 10 << 20, 2ULL << 30, 0);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data())), "NVDIMM_DAX_INFO");
  const store::NdInfoBlock read = parse_info(bytes);
  EXPECT_EQ(read.kind, NdKind::dax);
  EXPECT_EQ(read.pages, info.pages);
  EXPECT_EQ(read.align, info.align);
  EXPECT_EQ(read.uuid, info.uuid);
  bytes[70] ^= std::byte{1}; // the checksum is another's
  EXPECT_EQ(parse_info(bytes).kind, NdKind::none);
  EXPECT_EQ(parse_info(InfoBytes{}).kind, NdKind::none);
  EXPECT_EQ(info_bytes({}, 0, 0, 0), InfoBytes{});
}

TEST(NdDisk, IsANamespaceThatIsToBeRawUntilItIsLetGoOf) {
  const Lab lab;
  EXPECT_EQ(lab.store->platform().disks.load(), 0U);
  EXPECT_EQ(lab.bind(true), 0);
  EXPECT_TRUE(is_disk(lab.region()));
  EXPECT_EQ(lab.store->platform().disks.load(), 1U);
  EXPECT_EQ(lab.bind(true), EBUSY);
  const store::NodeRecord node = lab.store->node_slots()[lab.region().nd.disk_node - 1].node;
  EXPECT_EQ(lab.store->disk_of_node(node.st_dev, node.st_ino), &lab.region());
  EXPECT_EQ(lab.store->device_of_node(node.st_dev, node.st_ino), nullptr);
  auto change = Change::begin(*lab.store);
  EXPECT_FALSE(set_holder_class(*lab.store, lab.region(), store::NdKind::none)); // bound
  EXPECT_TRUE(detach_disk(*lab.store, lab.region()));
  EXPECT_EQ(detach_disk(*lab.store, lab.region()).error(), Errno{ENODEV});
  EXPECT_EQ(lab.store->disk_of_node(node.st_dev, node.st_ino), nullptr);
}

TEST(NdDisk, WhatADeadChangerHasLeftIsPutInOrder) {
  const Lab lab;
  ASSERT_EQ(lab.bind(true), 0);
  const auto slots = lab.store->node_slots();
  slots.back().owner = store::kDiskOwner; // taken, and nobody was told
  lab.store->platform().disks = 0;
  lab.store->platform().sequence.fetch_add(1);
  {
    auto change = Change::begin(*lab.store);
    ASSERT_TRUE(change);
  }
  EXPECT_EQ(lab.store->platform().disks.load(), 1U);
  EXPECT_EQ(slots.back().owner.load(), 0U);
  EXPECT_EQ(slots[lab.region().nd.disk_node - 1].owner.load(), store::kDiskOwner);
  EXPECT_TRUE(open_reserve(*lab.store, lab.region()));
}

TEST(NdDisk, ADaxCannotHaveWhatNdPmemHas) {
  const Lab lab;
  ASSERT_EQ(lab.bind(true), 0);
  auto change = Change::begin(*lab.store);
  store::RegionRecord& region = lab.region();
  store::NdHolderRecord& dax = region.nd.holders[region.nd.seeds[static_cast<std::size_t>(store::NdKind::dax)] - 1];
  ASSERT_TRUE(attach(*lab.store, region, dax));
  ASSERT_TRUE(set_uuid(dax, {9}));
  ASSERT_TRUE(set_pages(dax, NdPages::ram));
  EXPECT_EQ(bind_holder(*lab.store, region, dax).error(), Errno{EBUSY});
  ASSERT_TRUE(detach_disk(*lab.store, region));
  EXPECT_TRUE(bind_holder(*lab.store, region, dax));
}

TEST(NdDisk, HasTheMemoryOfTheDeviceBehindTheReserve) {
  const Lab lab;
  const std::uint64_t data = data_offset(lab.region(), kPmdSize, NdPages::ram);
  const DiskPiece reserve = disk_piece(*lab.store, lab.region(), 4096, lab.region().size);
  EXPECT_EQ(reserve.device, nullptr);
  EXPECT_EQ(reserve.offset, 4096U);
  EXPECT_EQ(reserve.size, data - 4096);
  const DiskPiece memory = disk_piece(*lab.store, lab.region(), data + 512, 1ULL << 40);
  EXPECT_EQ(memory.device, &lab.store->devices()[0]);
  EXPECT_EQ(memory.offset, 512U);
  EXPECT_EQ(memory.size, kSize - 512);
}

TEST(NdDisk, ItsInfoBlockIsTheOneThatTheDaxWrote) {
  const Lab lab;
  const store::Uuid uuid = lab.region().nd.info.uuid;
  ASSERT_EQ(lab.bind(true), 0);
  const store::NdInfoBlock read = parse_info(lab.block());
  EXPECT_EQ(read.kind, NdKind::dax);
  EXPECT_EQ(read.uuid, uuid);
  EXPECT_EQ(read.align, kPmdSize);
  EXPECT_EQ(read.pages, NdPages::ram);
}

TEST(NdDisk, WhoseInfoBlockIsZeroedIsADiskOfNobody) {
  const Lab lab;
  ASSERT_EQ(lab.bind(true), 0);
  const InfoBytes before = lab.block();
  lab.put({});
  {
    auto change = Change::begin(*lab.store);
    ASSERT_TRUE(detach_disk(*lab.store, lab.region()));
  }
  EXPECT_EQ(lab.bind(false), 0); // nothing to be found on it: a disk again
  EXPECT_EQ(holder_of_namespace(*lab.store, lab.region()), nullptr);
  lab.put(before);
  {
    auto change = Change::begin(*lab.store);
    ASSERT_TRUE(detach_disk(*lab.store, lab.region()));
  }
  EXPECT_EQ(lab.bind(false), ENXIO); // the dax that the block names has it
  EXPECT_NE(holder_of_namespace(*lab.store, lab.region()), nullptr);
}

TEST(NdDisk, ANewInfoBlockIsThereToBeRead) {
  const Lab lab;
  ASSERT_EQ(lab.bind(true), 0);
  lab.put({});
  {
    auto change = Change::begin(*lab.store);
    store::RegionRecord& region = lab.region();
    ASSERT_TRUE(detach_disk(*lab.store, region));
    store::NdHolderRecord& dax = region.nd.holders[region.nd.seeds[static_cast<std::size_t>(store::NdKind::dax)] - 1];
    ASSERT_TRUE(attach(*lab.store, region, dax));
    ASSERT_TRUE(set_uuid(dax, {9}));
    ASSERT_TRUE(set_unit(dax, kPageSize));
    ASSERT_TRUE(set_pages(dax, NdPages::ram));
    ASSERT_TRUE(bind_holder(*lab.store, region, dax));
  }
  lab.let_go();
  ASSERT_EQ(lab.bind(true), 0);
  EXPECT_EQ(parse_info(lab.block()).align, kPageSize);
  EXPECT_EQ(parse_info(lab.block()).uuid, store::Uuid{9});
}

TEST(NdDisk, WhoseDataIsElsewhereIsNobodys) {
  const Lab lab;
  const store::RegionRecord& region = lab.region();
  const store::NdInfoBlock info = region.nd.info;
  const std::uint64_t data = data_begin(region, info);
  const std::uint64_t end = region.size - data - data_size(region, info);
  ASSERT_EQ(lab.bind(true), 0);
  ASSERT_EQ(lab.block(), info_bytes(info, data, region.size, end));
  const auto with = [&](std::uint64_t begins, std::uint64_t behind) {
    lab.put(info_bytes(info, begins, region.size, behind));
    {
      auto change = Change::begin(*lab.store);
      EXPECT_TRUE(detach_disk(*lab.store, lab.region()));
    }
    const int bound = lab.bind(false);
    EXPECT_EQ(holder_of_namespace(*lab.store, region) != nullptr, bound == ENXIO);
    if (bound != ENXIO) {
      EXPECT_EQ(lab.bind(true), 0);
    }
    return bound;
  };
  EXPECT_EQ(with(data + kPmdSize, end), EOPNOTSUPP);
  EXPECT_EQ(with(data, end + kPmdSize), EOPNOTSUPP);
  EXPECT_EQ(with(data, end), ENXIO); // the dax has it
}

// Blocks with a start_pad, of a namespace that does not begin at 2M: as ndctl write-infoblock -O has it.
TEST(NdDisk, AStartPadMovesTheData) {
  store::RegionRecord space;
  space.phys_start = (4ULL << 30U) + 8192;
  space.size = (1ULL << 30U) + 8192;
  const store::NdInfoBlock info{.kind = NdKind::pfn,
                                .pages = NdPages::pmem,
                                .align = static_cast<std::uint32_t>(kPageSize),
                                .start_pad = static_cast<std::uint32_t>(kPmdSize) - 8192,
                                .uuid = {9}};
  constexpr std::uint64_t kOffset = (18U << 20U) - 8192;
  const store::NdInfoBlock read = parse_info_block(space, info_bytes(info, kOffset, space.size, 16384));
  EXPECT_EQ(read.align, kPageSize);
  EXPECT_EQ(data_begin(space, read), info.start_pad + kOffset);
  // Counted from behind the pad: found, and nobody can use it.
  const store::NdInfoBlock old = parse_info_block(space, info_bytes(info, 18U << 20U, space.size, 16384));
  EXPECT_EQ(old.kind, NdKind::pfn);
  EXPECT_EQ(old.align, 0U);
}

store::NdHolderRecord& seed_of(const Lab& lab, NdKind kind) {
  return lab.region().nd.holders[lab.region().nd.seeds[static_cast<std::size_t>(kind)] - 1];
}

TEST(NdDisk, OfAPfnIsTheDataOfTheNamespace) {
  const Lab lab;
  store::RegionRecord& region = lab.region();
  {
    auto change = Change::begin(*lab.store);
    store::NdHolderRecord& pfn = seed_of(lab, NdKind::pfn);
    region.nd.holder_class = NdKind::none;
    ASSERT_TRUE(attach(*lab.store, region, pfn));
    EXPECT_EQ(bind_holder(*lab.store, region, pfn).error(), Errno{ENODEV}); // no uuid
    ASSERT_TRUE(set_uuid(pfn, {9}));
    EXPECT_EQ(bind_holder(*lab.store, region, pfn).error(), Errno{ENXIO}); // no place for struct pages
    ASSERT_TRUE(set_pages(pfn, NdPages::pmem));
    ASSERT_TRUE(bind_holder(*lab.store, region, pfn));
    EXPECT_NE(&seed_of(lab, NdKind::pfn), &pfn);
    EXPECT_EQ(disk_holder(*lab.store, region), &pfn);
    const DiskShape shape = disk_shape(*lab.store, region);
    EXPECT_EQ(shape.kind, NdKind::pfn);
    EXPECT_EQ(shape.begin, data_offset(region, kPmdSize, NdPages::pmem));
    EXPECT_EQ(shape.size, region.size - shape.begin);
    EXPECT_EQ(bind_holder(*lab.store, region, pfn).error(), Errno{EBUSY});
    EXPECT_EQ(detach(region, pfn).error(), Errno{EBUSY});
    ASSERT_TRUE(unbind_holder(*lab.store, region, pfn));
    EXPECT_FALSE(is_disk(region));
    ASSERT_TRUE(detach(region, pfn)); // gone with its namespace
  }
  EXPECT_EQ(lab.bind(false), ENXIO); // its info block is found again
  const store::NdHolderRecord* again = holder_of_namespace(*lab.store, region);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->kind, NdKind::pfn);
  EXPECT_EQ(again->uuid, store::Uuid{9});
  EXPECT_EQ(disk_holder(*lab.store, region), again);
}

TEST(NdDisk, WhatDoesNotBeginAtTwoMegabytesHasNoStructPages) {
  const Lab lab;
  store::RegionRecord& region = lab.region();
  auto change = Change::begin(*lab.store);
  region.phys_start += 8192;
  region.nd.holder_class = NdKind::none;
  store::NdHolderRecord& pfn = seed_of(lab, NdKind::pfn);
  ASSERT_TRUE(attach(*lab.store, region, pfn));
  ASSERT_TRUE(set_uuid(pfn, {9}));
  ASSERT_TRUE(set_pages(pfn, NdPages::ram));
  EXPECT_EQ(bind_holder(*lab.store, region, pfn).error(), Errno{EINVAL});
  region.nd.info = {.kind = NdKind::pfn, .pages = NdPages::ram, .align = 2U << 20U, .uuid = {9}}; // forced upon it
  EXPECT_EQ(bind_holder(*lab.store, region, pfn).error(), Errno{EOPNOTSUPP});
}

TEST(NdDisk, ABttWantsLabels) {
  const Lab lab;
  store::RegionRecord& region = lab.region();
  auto change = Change::begin(*lab.store);
  region.nd.holder_class = NdKind::none;
  store::NdHolderRecord& btt = seed_of(lab, NdKind::btt);
  ASSERT_TRUE(attach(*lab.store, region, btt));
  ASSERT_TRUE(set_uuid(btt, {9}));
  EXPECT_EQ(bind_holder(*lab.store, region, btt).error(), Errno{ENODEV}); // no size of sectors
  ASSERT_TRUE(set_unit(btt, 512));
  EXPECT_EQ(bind_holder(*lab.store, region, btt).error(), Errno{EOPNOTSUPP});
}

} // namespace
} // namespace daxemu::dax::nd
