// The label area of a DIMM of the firmware's table: labels of both versions, and the ioctls that reach it and the bus.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/make_namespace.hpp"
#include "emu/nd/nfit/nfit_errors.hpp"
#include "tests/unit/nd/nfit_region.hpp"

namespace daxemu::nd {
namespace {

TEST(DimmIdentity, IsReadAsTheKernelWritesIt) {
  const auto with_place = parse_dimm_identity("cdab-0a-07e0-ffffffff");
  ASSERT_TRUE(with_place);
  EXPECT_EQ(with_place->vendor, mock_identity(0).vendor);
  EXPECT_EQ(with_place->date_made, mock_identity(0).date_made);
  EXPECT_EQ(with_place->place_made, mock_identity(0).place_made);
  EXPECT_EQ(with_place->serial, mock_identity(0).serial);
  const auto without = parse_dimm_identity("8680-56341200");
  ASSERT_TRUE(without);
  EXPECT_EQ(without->vendor, 0x8086);
  EXPECT_EQ(without->date_made, 0);
  EXPECT_EQ(without->serial, 0x123456U);
  for (const char* wrong : {"", "8680", "8680-", "8680-5634120", "8680-563412000", "8680-5634120g", "cdab-0a-07e0",
                            "cdab-0a-07e0-ffffffff-", "cdab_0a_07e0_ffffffff"}) {
    EXPECT_FALSE(parse_dimm_identity(wrong)) << wrong;
  }
}

// A guest of 6.12 with QEMU's NVDIMMs: set_cookie 0xba90120012b4dc of the DIMM of that serial number.
TEST_F(NfitTest, TheSetIsKnownByWhoMadeItsDimm) {
  store::NfitDimmRecord& dimm = store.platform().nfit.dimm[0];
  const auto identity = parse_dimm_identity("8680-56341200");
  dimm.vendor = identity->vendor;
  dimm.date_made = identity->date_made;
  dimm.place_made = identity->place_made;
  dimm.serial = identity->serial;
  EXPECT_EQ(cookie_of(store, *region), 0xba90120012b4dcU);
}

TEST_F(NfitTest, NamespacesBeginAsTheyAreAskedFor) {
  ASSERT_TRUE(make_namespace(store, *region, {.size = 0, .name = {}})); // namespace0.0 that was deleted
  NamespaceSpec second;
  second.size = 64U << 20U;
  second.id = 5;
  second.start = 128U << 20U;
  second.name = "second";
  second.enabled = false;
  ASSERT_TRUE(make_namespace(store, *region, second));
  EXPECT_FALSE(make_namespace(store, *region, second)); // EEXIST
  int labels_seen = 0;
  each_label(store, labels(), [&](const NamespaceLabel& label) {
    EXPECT_EQ(label.dpa, 128U << 20U);
    EXPECT_EQ(label.name.view(), "second");
    ++labels_seen;
    return true;
  });
  EXPECT_EQ(labels_seen, 1);
  second.id = 6;
  second.start = 160U << 20U; // the other reaches to there
  EXPECT_EQ(make_namespace(store, *region, second).error(), Errno{ENOSPC});
  second.start = 1;
  EXPECT_EQ(make_namespace(store, *region, second).error(), Errno{EINVAL});
}

TEST_F(NfitTest, NamespacesOfEveryModeBeginEnabled) {
  using store::NdKind;
  NamespaceSpec fsdax;
  fsdax.size = 64U << 20U;
  fsdax.kind = NdKind::pfn;
  fsdax.pages = store::NdPages::pmem;
  fsdax.holder = 3;
  fsdax.holder_uuid = store::Uuid{9};
  ASSERT_TRUE(make_namespace(store, *region, fsdax));
  NamespaceSpec sector;
  sector.size = 32U << 20U;
  sector.kind = NdKind::btt;
  sector.sector_size = 512;
  ASSERT_TRUE(make_namespace(store, *region, sector));
  sector.sector_size = 0; // as ndctl chooses
  ASSERT_TRUE(make_namespace(store, *region, sector));
  sector.size = 8U << 20U;
  EXPECT_FALSE(make_namespace(store, *region, sector)); // of the region's align, and large enough for an arena
  std::vector<const store::NdHolderRecord*> bound;
  for (const store::NdHolderRecord& holder : region->nd.holders) {
    if (holder.bound != 0) {
      bound.push_back(&holder);
    }
  }
  ASSERT_EQ(bound.size(), 3U);
  const auto space_of = [&](const store::NdHolderRecord& holder) { return store.regions()[holder.space - 1].nd; };
  const auto of = [&](NdKind kind, std::uint64_t unit) {
    return *std::ranges::find_if(bound, [&](const auto* one) { return one->kind == kind && one->unit == unit; });
  };
  const store::NdHolderRecord& pfn = *of(NdKind::pfn, kPmdSize);
  EXPECT_EQ(pfn.id, 3U);
  EXPECT_EQ(pfn.uuid, store::Uuid{9});
  EXPECT_EQ(pfn.pages, store::NdPages::pmem);
  EXPECT_EQ(space_of(pfn).info.kind, NdKind::pfn);
  EXPECT_NE(space_of(pfn).disk, 0U);
  EXPECT_EQ(space_of(*of(NdKind::btt, 512)).info.align, 512U);
  EXPECT_EQ(space_of(*of(NdKind::btt, 4096)).holder_class, NdKind::btt2);
}

TEST_F(NfitTest, HasTheCookieOfItsLabelsVersion) {
  // One DIMM: serial number, vendor and date, place.
  EXPECT_EQ(free_label_slots(store, labels()), 510U);
  EXPECT_EQ(version_of_labels(store, labels()), LabelVersion::v1_2);
  const std::uint64_t low = cookie_of(store, *region) & UINT32_MAX;
  EXPECT_EQ(low, (0xffffffffULL + 0xe007abcdULL + 0x0aULL) & UINT32_MAX);
  const std::vector<std::byte> nothing(1024);
  ASSERT_TRUE(write_labels(store, labels(), 0, nothing));
  EXPECT_EQ(free_label_slots(store, labels()), 510U); // no index at all
}

TEST_F(NfitTest, KeepsWhatNamespacesAreUsedAs) {
  NamespaceLabel label;
  label.uuid[0] = 7;
  label.nlabel = 1;
  label.rawsize = 1U << 26U;
  label.holder_class = store::NdKind::dax;
  ASSERT_TRUE(put_label(store, labels(), label));
  EXPECT_EQ(free_label_slots(store, labels()), 509U);
  std::size_t count = 0;
  each_label(store, labels(), [&](const NamespaceLabel& found) {
    EXPECT_EQ(found.rawsize, label.rawsize);
    EXPECT_EQ(found.holder_class, store::NdKind::dax);
    return ++count != 0;
  });
  EXPECT_EQ(count, 1U);
  ASSERT_TRUE(drop_label(store, labels(), label.uuid));
  EXPECT_EQ(free_label_slots(store, labels()), 510U);
}

TEST_F(NfitTest, KnowsTheClassesThatTheKernelKnows) {
  using store::NdKind;
  NamespaceLabel label;
  label.nlabel = 1;
  label.rawsize = 1U << 26U;
  std::uint8_t number = 0;
  for (const NdKind kind : {NdKind::none, NdKind::btt, NdKind::pfn, NdKind::dax, NdKind::btt2}) {
    label.uuid[0] = ++number;
    label.holder_class = kind;
    ASSERT_TRUE(put_label(store, labels(), label));
    bool seen = false;
    each_label(store, labels(), [&](const NamespaceLabel& found) {
      seen = seen || (found.uuid == label.uuid && found.holder_class == kind);
      return true;
    });
    EXPECT_TRUE(seen) << static_cast<int>(kind);
  }
  // Behind both indexes of 256 bytes each: the first label, with a GUID of nobody, and what nd_label_checksum says
  // then.
  std::array<std::uint32_t, 64> words{};
  const std::span bytes = std::as_writable_bytes(std::span(words));
  ASSERT_TRUE(read_labels(store, labels(), 512, bytes));
  ASSERT_EQ(bytes[0], std::byte{1});
  words[36] = 0x1234; // abstraction_guid
  words[62] = words[63] = 0;
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  for (const std::uint32_t word : words) {
    low += word;
    high += low;
  }
  words[62] = low;
  words[63] = static_cast<std::uint32_t>(high);
  ASSERT_TRUE(write_labels(store, labels(), 512, bytes));
  NdKind first = NdKind::none;
  each_label(store, labels(), [&](const NamespaceLabel& found) {
    first = found.holder_class;
    return false;
  });
  EXPECT_EQ(first, NdKind::unknown);
  EXPECT_FALSE(dax::nd::admits(first, NdKind::dax));
  EXPECT_TRUE(dax::nd::admits(NdKind::btt2, NdKind::btt));
}

// btt_claim_class()
TEST_F(NfitTest, ABttIsOfTheVersionOfTheLabels) {
  using store::NdKind;
  const auto class_with = [&](LabelVersion version) {
    const std::vector<std::byte> nothing(kNfitLabelSize);
    EXPECT_TRUE(write_labels(store, labels(), 0, nothing));
    EXPECT_TRUE(init_labels(store, labels(), version));
    store::RegionRecord& space = store.regions()[region->nd.namespace_seed - 1];
    EXPECT_TRUE(set_namespace_class(store, space, NdKind::btt));
    return space.nd.holder_class;
  };
  EXPECT_EQ(class_with(LabelVersion::v1_1), NdKind::btt);
  EXPECT_EQ(class_with(LabelVersion::v1_2), NdKind::btt2);
  EXPECT_EQ(class_with(LabelVersion::none), NdKind::btt2); // the labels it will get
}

struct Range {
  std::uint64_t start = 0;
  std::uint64_t length = 0;
  std::uint32_t rest[4] = {};
};

TEST_F(NfitTest, TellsOfItsErrors) {
  Range cap{.start = 5 * kGiga, .length = kGiga};
  ASSERT_TRUE(ask_bus(1, cap));
  EXPECT_EQ(cap.rest[0], 3U << 16U);
  EXPECT_EQ(cap.rest[1], 48U + 170U * 24U);
  EXPECT_EQ(cap.rest[2], kClearErrorUnit);
  ASSERT_TRUE(inject_error(store, 5 * kGiga + 4096, 512, false));
  Range start{.start = 5 * kGiga, .length = kGiga};
  ASSERT_TRUE(ask_bus(2, start));
  struct {
    std::uint32_t status = 1;
    std::uint32_t length = 4096;
    std::array<std::uint64_t, 4> places{};
    std::uint32_t type = 0;
    std::uint32_t records = 0;
    std::uint64_t handle = 0;
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::array<std::byte, 4096> room{};
  } status;
  ASSERT_TRUE(ask_bus(3, status));
  EXPECT_EQ(status.records, 1U);
  EXPECT_EQ(status.address, 5 * kGiga + 4096);
  EXPECT_EQ(status.size, 512U);
  status.length = 50; // no room for it
  EXPECT_EQ(ask_bus(3, status).error(), Errno{EINVAL});

  std::vector<std::pair<std::uint64_t, std::uint64_t>> sectors;
  const auto look = [&] {
    sectors.clear();
    each_bad_sector(store, 5 * kGiga, kGiga,
                    [&](std::uint64_t sector, std::uint64_t count) { sectors.emplace_back(sector, count); });
    return sectors.size();
  };
  EXPECT_EQ(look(), 0U); // the kernel has not looked
  scrub(store);
  ASSERT_EQ(look(), 1U);
  EXPECT_EQ(sectors[0], (std::pair<std::uint64_t, std::uint64_t>{8, 1}));
  EXPECT_EQ(readable_bytes(store, 5 * kGiga, 0, 8192), 4096U);
  EXPECT_EQ(readable_bytes(store, 5 * kGiga, 4097, 10), 0U);
  EXPECT_EQ(readable_bytes(store, 5 * kGiga, 4608, 10), 10U);
  Range clear{.start = 5 * kGiga + 4096, .length = 100};
  EXPECT_EQ(ask_bus(4, clear).error(), Errno{EINVAL});
  clear.length = 512;
  ASSERT_TRUE(ask_bus(4, clear));
  EXPECT_EQ(look(), 0U);
  EXPECT_EQ(store.platform().nfit.bad_ranges, 0U);
}

TEST_F(NfitTest, RefusesAsTheNdBusDoes) {
  Range range;
  EXPECT_EQ(ask_bus(5, range).error(), Errno{ENOTTY});
  EXPECT_EQ(control_nfit_bus(store, {.request = 4, .read_only = true}, reinterpret_cast<std::uint64_t>(&range), memory)
                .error(),
            Errno{EPERM});
  EXPECT_EQ(control_nfit_bus(store, {.request = 1, .read_only = false}, 0, memory).error(), Errno{EFAULT});
  struct {
    std::uint64_t family = 1;
    std::uint64_t function = kInjectSet;
    std::array<std::uint32_t, 12> rest{};
  } package;
  EXPECT_EQ(ask_bus(10, package).error(), Errno{EINVAL});
  package.family = 0;
  package.function = 3;
  EXPECT_EQ(ask_bus(10, package).error(), Errno{ENOTTY});
  package.rest[2] = 1; // reserved
  EXPECT_EQ(ask_bus(10, package).error(), Errno{EINVAL});
}

} // namespace
} // namespace daxemu::nd
