// The label area of a DIMM of the firmware's table: labels of both versions, and the ioctls that reach it and the bus.
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "emu/base/unique_fd.hpp"
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/nd/nfit/nfit.hpp"
#include "emu/nd/nfit/nfit_control.hpp"
#include "emu/nd/nfit/nfit_errors.hpp"
#include "emu/nd/region.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {
namespace {

constexpr std::uint64_t kGiga = 1ULL << 30U;

class OwnMemory final : public UserMemory {
public:
  [[nodiscard]] bool read(void* into, std::uint64_t from, std::size_t size) const override {
    return from != 0 && std::memcpy(into, reinterpret_cast<void*>(from), size) != nullptr;
  }
  [[nodiscard]] bool write(std::uint64_t into, const void* from, std::size_t size) const override {
    return into != 0 && std::memcpy(reinterpret_cast<void*>(into), from, size) != nullptr;
  }
};

// A region of one DIMM at 5G.
struct NfitTest : testing::Test {
  NfitTest() : store(make()) {
    region = &store.region_table()[0];
    region->phys_start = 5 * kGiga;
    region->used = 1;
    store.platform().regions_used = 1;
    store.platform().nd_autoprobe_off = 1;
    const NfitDimmSpec dimms[] = {{.labels_slot = give_file(kNfitLabelSize)}};
    EXPECT_TRUE(add_nfit_region(store, *region, {.size = kGiga, .align = 0, .media_slot = 0, .dimms = dimms}));
  }
  static store::Store make() {
    const auto file = sys::memfd_create("store", MFD_CLOEXEC);
    auto made = store::Store::create(UniqueFd(*file), "nd", store::Capacity{});
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  std::uint32_t give_file(std::uint64_t size) {
    const auto made = sys::memfd_create("labels", MFD_CLOEXEC);
    EXPECT_TRUE(made && sys::ftruncate(*made, size));
    files.emplace_back(*made);
    store::BackingSlot& slot = store.backing_slot_table()[0];
    slot.backing.location.assign("/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(*made));
    store.platform().backing_slots_used.store(1);
    return 1;
  }
  [[nodiscard]] LabelArea labels() const { return mapping_of(store, *region, 0).dimm.labels(); }
  template <class Payload>
  Result<void> ask_bus(std::uint32_t command, Payload& payload) {
    return control_nfit_bus(store, {.request = command, .read_only = false}, reinterpret_cast<std::uint64_t>(&payload),
                            memory);
  }

  store::Store store;
  store::RegionRecord* region = nullptr;
  std::vector<UniqueFd> files;
  OwnMemory memory;
};

TEST_F(NfitTest, HasTheCookieOfItsLabelsVersion) {
  // One DIMM: serial number, vendor and date, place.
  EXPECT_EQ(free_label_slots(store, labels()), 510U);
  EXPECT_FALSE(has_old_labels(store, labels()));
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
