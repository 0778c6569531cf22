// The nd bus of the firmware's table of DIMMs (drivers/acpi/nfit): its DIMMs, and its regions, each interleaved over
// DIMMs of its own, with labels from the start. They are told apart and described as those of the kernel's own mock of
// such a bus are (tools/testing/nvdimm/test/nfit.c); ACPI.NFIT's differ by the name of their bus only. The caller holds
// a Change.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "emu/base/result.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/nd/nfit/dimm_identity.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// Of DIMMs of which nobody says otherwise, as words lie in the table: those with a byte order of their own have the
// high byte first.
[[nodiscard]] constexpr DimmIdentity mock_identity(std::uint32_t handle) {
  return {.vendor = 0xabcd, .date_made = 0xe007 /* 2016 */, .place_made = 0x0a, .serial = ~handle};
}
inline constexpr std::uint16_t kNfitRevision = 1; // of every DIMM
inline constexpr std::uint32_t kNfitLabelSize = 128U << 10U;
[[nodiscard]] constexpr std::uint32_t nfit_handle(std::uint32_t number) {
  return (number / 4) << 12U | (number / 2 % 2) << 8U | number % 2;
}

struct NfitDimmSpec {
  std::uint32_t labels_slot = 0;                  // index + 1 of the file of its label area
  std::uint32_t label_size = kNfitLabelSize;      // bytes
  LabelVersion labels = LabelVersion::v1_2;       // of the empty index that it begins with
  std::optional<std::uint16_t> id = std::nullopt; // the N of nmemN; nothing: the lowest that is free
  std::optional<std::uint32_t> handle = std::nullopt;
  std::optional<std::uint16_t> physical_id = std::nullopt;
  std::optional<DimmIdentity> identity = std::nullopt;
};
struct NfitRegionSpec {
  std::uint64_t size = 0;       // bytes, of all its DIMMs together
  std::uint64_t align = 0;      // bytes that namespaces are allocated in; 0: the kernel's own choice
  std::uint32_t media_slot = 0; // index + 1 of the file of its bytes
  std::span<const NfitDimmSpec> dimms;
};
// A region record that nobody uses yet becomes one of that bus, with new DIMMs and labels of no namespace, and
// nd_region takes it. Errors: ENOSPC (no room for its DIMMs), EEXIST (a DIMM has that number), those of bind_region.
Result<void> add_nfit_region(const store::Store& store, store::RegionRecord& region, const NfitRegionSpec& spec);

} // namespace daxemu::nd
