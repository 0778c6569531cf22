// Memdevs that several platforms have: one file for what they decode alike, EBUSY for what they do not; nothing is lost
// with any of them.
#include <new>

#include "emu/cxl/change.hpp"
#include "emu/cxl/poison.hpp"
#include "emu/cxl/share/shared_poison.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/nd/share/stretches.hpp"
#include "tests/unit/cxl_derived/lab.hpp"

namespace daxemu::cxl {
namespace {

using nd::kMaxStretches;
using nd::kShareMagic;
using nd::Share;
using nd::share_mark;
using nd::ShareMember;
using nd::ShareState;

constexpr std::uint64_t kSize = 512ULL << 20;
constexpr std::uint64_t kSlice = 256ULL << 20;

// Platforms of one share, with two memdevs each.
struct SharedLabs {
  SharedLabs() {
    auto made = source.make("share", kPageSize);
    EXPECT_TRUE(made && sys::ftruncate(made->fd.get(), sizeof(ShareState)));
    state = std::move(*made);
    const auto mapping = Mapping::of(state.fd.get(), sizeof(ShareState), PROT_READ | PROT_WRITE, MAP_SHARED);
    new (mapping->data()) ShareState{.magic = kShareMagic};
    for (std::size_t at = 0; at < kMaxStretches; ++at) {
      auto file = source.make("stretch", kPageSize);
      EXPECT_TRUE(file);
      stretches.push_back(std::move(*file));
    }
    join(one, 0);
    join(two, 1);
  }

  void join(Lab& lab, std::uint32_t member) {
    store::Store& store = *lab.store;
    store.platform().share.assign("pool");
    store.platform().share_file.assign(state.location);
    store.cxl().share_member = member;
    for (std::size_t at = 0; at < kMaxStretches; ++at) {
      const std::uint32_t number = lab.file_of("unused", 0, 0);
      auto folios = source.make("folios", kPageSize);
      EXPECT_TRUE(folios);
      store::BackingSlot& slot = store.backing_slot_table()[number - 1];
      slot.owner = 0;
      slot.stretch = static_cast<std::uint32_t>(at) + 1;
      slot.backing.location.assign(stretches[at].location);
      slot.folios_location.assign(folios->location);
      lab.held.push_back(std::move(folios->fd));
    }
    for (CxlMemdevRecord& memdev : memdevs(store)) {
      memdev.share_number = memdev.id + 1;
      if (member != 0) {
        store.backing_slot_table()[memdev.bytes_slot - 1].backing.location =
            one.store->backing_slots()[one.store->cxl().state.memdevs[memdev.id].bytes_slot - 1].backing.location;
      }
    }
    auto mark = FileLock::mark(state.fd.get(), share_mark(member));
    EXPECT_TRUE(mark);
    marks[member] = std::move(*mark);
    const auto entered = share();
    ShareMember& here = entered->state().members[member];
    here.used = 1;
    here.location.assign("/proc/self/fd/" + std::to_string(store.fd()));
  }
  [[nodiscard]] Result<Share> share() const { return Share::enter(state.fd.get()); }

  backing::MemfdSource source;
  backing::SourcedFile state;
  std::vector<backing::SourcedFile> stretches;
  UniqueFd marks[2];
  Lab one;
  Lab two;
};

TEST(CxlShare, WhatIsDecodedAlikeIsTheSameBytes) {
  SharedLabs labs;
  put(labs.one.media_of(0), 7, "before");
  CxlRegionRecord& here = labs.one.region(0, kWindow, kSize, 2);
  CxlRegionRecord& there = labs.two.region(3, kWindow + kSize, kSize, 2);
  ASSERT_TRUE(labs.one.commit(here));
  ASSERT_TRUE(labs.two.commit(there));
  const Mapping ours = labs.one.bytes_of(labs.one.device("dax0.0"));
  const Mapping theirs = labs.two.bytes_of(labs.two.device("dax3.0"));
  EXPECT_EQ(get(ours, 7), "before");
  EXPECT_EQ(get(theirs, 7), "before");
  put(ours, 300, "ours");
  EXPECT_EQ(get(theirs, 300), "ours");
  put(theirs, kSize - 4096, "theirs");
  EXPECT_EQ(get(ours, kSize - 4096), "theirs");
  labs.one.remove(here);
  EXPECT_EQ(get(labs.one.media_of(0), 7), "") << "the other one has them";
  EXPECT_EQ(get(theirs, 300), "ours");
  labs.two.remove(there);
  EXPECT_EQ(get(labs.one.media_of(0), 7), "before");
  EXPECT_EQ(get(labs.one.media_of(1), 300 - 256), "ours");
}

TEST(CxlShare, WhatIsDecodedOtherwiseIsBusyUntilItIsReturned) {
  SharedLabs labs;
  CxlRegionRecord& here = labs.one.region(0, kWindow, kSize, 2);
  CxlRegionRecord& coarse = labs.two.region(0, kWindow, kSize, 2, 512);
  ASSERT_TRUE(labs.one.commit(here));
  put(labs.one.bytes_of(labs.one.device()), 256, "second");
  EXPECT_EQ(labs.two.commit(coarse).error(), Errno{EBUSY});
  EXPECT_EQ(labs.two.store->device_named("dax0.0"), nullptr);
  labs.one.remove(here);
  ASSERT_TRUE(labs.two.commit(coarse));
  EXPECT_EQ(get(labs.two.bytes_of(labs.two.device()), 512), "second") << "the first granule of the second memdev";
}

TEST(CxlShare, OtherAddressesAreNobodysBusiness) {
  SharedLabs labs;
  CxlRegionRecord& here = labs.one.region(0, kWindow, kSize, 2);
  CxlRegionRecord& behind = labs.two.region(0, kWindow, kSlice, 1, 256, kSlice, 0);
  ASSERT_TRUE(labs.one.commit(here));
  ASSERT_TRUE(labs.two.commit(behind));
  put(labs.two.bytes_of(labs.two.device()), 0, "behind");
  labs.two.remove(behind);
  EXPECT_EQ(get(labs.one.media_of(0), kSlice), "behind");
}

TEST(CxlShare, ALongerRegionBringsTheRest) {
  SharedLabs labs;
  put(labs.one.media_of(0), kSlice + 5, "rest");
  CxlRegionRecord& brief = labs.one.region(0, kWindow, kSlice);
  CxlRegionRecord& whole = labs.two.region(0, kWindow, kSize);
  ASSERT_TRUE(labs.one.commit(brief));
  ASSERT_TRUE(labs.two.commit(whole));
  EXPECT_EQ(get(labs.two.bytes_of(labs.two.device()), kSlice + 5), "rest");
  put(labs.two.bytes_of(labs.two.device()), 5, "both");
  EXPECT_EQ(get(labs.one.bytes_of(labs.one.device()), 5), "both");
  labs.two.remove(whole);
  labs.one.remove(brief);
  EXPECT_EQ(get(labs.one.media_of(0), kSlice + 5), "rest");
  EXPECT_EQ(get(labs.one.media_of(0), 5), "both");
}

TEST(CxlShare, WhoIsKilledLeavesItsBytes) {
  SharedLabs labs;
  CxlRegionRecord& here = labs.one.region(0, kWindow, kSize, 2);
  ASSERT_TRUE(labs.one.commit(here));
  put(labs.one.bytes_of(labs.one.device()), 256, "second");
  labs.marks[0].reset();
  CxlRegionRecord& alike = labs.two.region(0, kWindow, kSize, 2);
  ASSERT_TRUE(labs.two.commit(alike));
  EXPECT_EQ(get(labs.two.bytes_of(labs.two.device()), 256), "second");
  labs.two.remove(alike);
  EXPECT_EQ(get(labs.two.media_of(1), 0), "second");
  const auto entered = labs.share();
  EXPECT_EQ(entered->state().members[0].used, 0U);
}

TEST(CxlShare, WhatTheKilledHadMakesWay) {
  SharedLabs labs;
  CxlRegionRecord& here = labs.one.region(0, kWindow, kSize, 2);
  ASSERT_TRUE(labs.one.commit(here));
  put(labs.one.bytes_of(labs.one.device()), 256, "second");
  labs.marks[0].reset();
  CxlRegionRecord& alone = labs.two.region(0, kWindow, kSlice, 1, 256, 0, 1);
  ASSERT_TRUE(labs.two.commit(alone));
  EXPECT_EQ(get(labs.two.bytes_of(labs.two.device()), 0), "second");
}

// One who makes a disk claims its addresses, and is killed before there is one: with the next change in his platform
// they are free again.
TEST(CxlShare, WhatWasClaimedForADiskThatNeverCameIsFreeAgain) {
  SharedLabs labs;
  CxlRegionRecord& here = labs.one.region(0, kWindow, kSize, 2);
  CxlRegionRecord& there = labs.two.region(0, kWindow, kSize, 2);
  ASSERT_TRUE(nd::claim_for_disk(*labs.one.store, here, 0, kSize));
  EXPECT_EQ(labs.two.commit(there).error(), Errno{EBUSY});
  EXPECT_EQ(nd::claim_for_disk(*labs.two.store, there, 0, kSize).error(), Errno{EBUSY});
  { ASSERT_TRUE(Change::begin(*labs.one.store)); }
  ASSERT_TRUE(labs.two.commit(there));
}

TEST(CxlShare, MediaErrorsAreOfAll) {
  SharedLabs labs;
  CxlRegionRecord& here = labs.one.region(0, kWindow, kSize, 2);
  CxlRegionRecord& there = labs.two.region(0, kWindow, kSize, 2);
  ASSERT_TRUE(labs.one.commit(here));
  ASSERT_TRUE(labs.two.commit(there));
  const auto is_bad = [](const Lab& lab) {
    const store::DeviceRecord& device = lab.device();
    const auto folios = mm::FolioTable::open(device.folios_location.c_str(), dax::extent_count(device));
    return ((*folios)[ExtentIndex(2)].flags.load() & mm::kFolioHwpoison) != 0;
  };
  constexpr std::uint64_t kAddress = 2ULL << 20; // byte 4M of the regions
  {
    auto change = Change::begin(*labs.one.store);
    ASSERT_TRUE(change);
    ASSERT_TRUE(inject_poison(*labs.one.store, labs.one.store->cxl().state.memdevs[0], kAddress));
  }
  EXPECT_TRUE(is_bad(labs.one));
  EXPECT_TRUE(is_bad(labs.two)) << "told at the end of the change";
  EXPECT_EQ(labs.two.store->cxl().state.memdevs[0].poison_count, 1U);
  put(labs.two.bytes_of(labs.two.device()), 4ULL << 20, "gone");
  {
    auto change = Change::begin(*labs.two.store);
    ASSERT_TRUE(change);
    ASSERT_TRUE(clear_poison(*labs.two.store, labs.two.store->cxl().state.memdevs[0], kAddress));
  }
  EXPECT_FALSE(is_bad(labs.one));
  EXPECT_FALSE(is_bad(labs.two));
  EXPECT_EQ(labs.one.store->cxl().state.memdevs[0].poison_count, 0U);
  EXPECT_EQ(get(labs.one.bytes_of(labs.one.device()), 4ULL << 20), "");
}

} // namespace
} // namespace daxemu::cxl
