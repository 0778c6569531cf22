// Media errors of what a region is made of, in the memory of programs: poison of CXL memdevs by device address, what
// the firmware of an NFIT knows to be bad by system address. The lists are the devices'; here a list's entry becomes
// poisoned extents of whatever device has the bytes. The caller holds a Change.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/base/function_ref.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// Calls for stretches of system addresses of the region that are bad, whoever has them; one that granules cut comes in
// pieces.
using EachError = FunctionRef<void(std::uint64_t address, std::uint64_t length)>;
void each_media_error(const store::Store& store, const store::RegionRecord& region, EachError each);

// Byte `offset` of a device's file.
[[nodiscard]] std::optional<std::uint64_t> offset_in(const store::DeviceRecord& device, std::uint64_t address);

// Does somebody keep such a list for the region's memory?
[[nodiscard]] bool lists_errors(const store::Store& store, const store::RegionRecord& region);

// Memory fails by lines of a cache (a machine check names one); what is lost with it is a mapping's extent.
inline constexpr std::uint64_t kErrorLine = 64;
enum class ErrorLine {
  bad,
  beside,   // other lines of its extent are bad
  unlisted, // nothing of its extent is in a list
};
// What the lists say of the line at byte `offset` of a device's file. Takes no lock, for handlers of signals.
[[nodiscard]] ErrorLine error_line_at(const store::Store& store, const store::DeviceRecord& device,
                                      std::uint64_t offset);

// A new device gets the errors of its bytes.
void poison_device(const store::Store& store, const store::DeviceRecord& device);
// What memory_failure() does to the folio; whoever maps it hears of it at the end of the Change.
void poison_byte(const store::DeviceRecord& device, std::uint64_t offset);
// The errors of a byte are gone: its folio is whole again, if that was the last one.
void heal_byte(const store::Store& store, store::DeviceRecord& device, std::uint64_t offset);
// Those bytes of a device are zeroes. Errors: ENOMEM.
Result<void> zero_bytes(const store::Store& store, const store::DeviceRecord& device, std::uint64_t offset,
                        std::uint64_t size);

} // namespace daxemu::nd
