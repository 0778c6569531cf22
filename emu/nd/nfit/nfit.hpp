// The nd bus of the firmware's table of DIMMs (drivers/acpi/nfit): its DIMMs, and its regions, each interleaved over
// DIMMs of its own, with labels from the start. They are told apart and described as those of the kernel's own mock of
// such a bus are (tools/testing/nvdimm/test/nfit.c); ACPI.NFIT's differ by the name of their bus only. The caller holds
// a Change.
#pragma once

#include <cstdint>
#include <span>

#include "emu/base/result.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// Of every DIMM (struct acpi_nfit_control_region), as words lie in the table: those with a byte order of their own have
// the high byte first.
inline constexpr std::uint16_t kNfitVendor = 0xabcd;
inline constexpr std::uint16_t kNfitRevision = 1;
inline constexpr std::uint8_t kNfitPlaceMade = 0x0a;
inline constexpr std::uint16_t kNfitDateMade = 0xe007; // 2016
inline constexpr std::uint64_t kNfitLabelSize = 128U << 10U;
[[nodiscard]] constexpr std::uint32_t nfit_handle(std::uint32_t number) {
  return (number / 4) << 12U | (number / 2 % 2) << 8U | number % 2;
}

struct NfitRegionSpec {
  std::uint64_t size = 0;                     // bytes, of all its DIMMs together
  std::uint64_t align = 0;                    // bytes that namespaces are allocated in; 0: the kernel's own choice
  std::uint32_t media_slot = 0;               // index + 1 of the file of its bytes
  std::span<const std::uint32_t> label_slots; // of the label areas: one for each DIMM
};
// A region record that nobody uses yet becomes one of that bus, with new DIMMs and labels of no namespace, and
// nd_region takes it. Errors: ENOSPC (no room for its DIMMs), those of bind_region.
Result<void> add_nfit_region(const store::Store& store, store::RegionRecord& region, const NfitRegionSpec& spec);

// What an administrator does to have daxX.Y: the region's next namespace, of so many bytes, in devdax mode with extents
// of `align` bytes and its struct pages in ordinary memory, enabled. Errors: ENOSPC, those of the writes.
Result<void> make_devdax(const store::Store& store, store::RegionRecord& region, std::uint64_t size,
                         std::uint64_t align);

} // namespace daxemu::nd
