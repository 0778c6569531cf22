// A region of one DIMM of the firmware's table, with a label area, in a store of its own.
#pragma once

#include <cstring>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/nd/nfit/nfit.hpp"
#include "emu/nd/nfit/nfit_control.hpp"
#include "emu/nd/region.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

inline constexpr std::uint64_t kGiga = 1ULL << 30U;

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
    EXPECT_TRUE(
        add_nfit_region(store, *region, {.size = kGiga, .align = 0, .media_slot = give_file(kGiga), .dimms = dimms}));
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
    const std::uint32_t at = store.platform().backing_slots_used.fetch_add(1);
    store::BackingSlot& slot = store.backing_slot_table()[at];
    slot.owner = 1U << 30U | at; // nobody else may take it
    slot.backing.location.assign("/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(*made));
    return at + 1;
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

} // namespace daxemu::nd
