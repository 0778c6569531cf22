// The label area of a DIMM: plain bytes in the file of a slot. Of a CXL memdev it is what Get LSA and Set LSA reach,
// of a DIMM of the firmware's table _LSR and _LSW: what the nd bus calls config data is the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

struct LabelArea {
  std::uint32_t slot = 0; // index + 1 of the BackingSlot that has it; 0: none
  std::uint64_t size = 0; // bytes
};
[[nodiscard]] inline LabelArea label_area_of(const store::CxlMemdevRecord& memdev) {
  return {memdev.labels_slot, memdev.label_size};
}

// All of `into`, or all of `from`, at `offset` of the area. What was never written reads zero. Takes no lock: who has
// to see several pieces as one holds a Change.
// Errors: EINVAL (reaches behind its size), ENXIO (there is no area, or its file is gone), those of the calls.
Result<void> read_labels(const store::Store& store, const LabelArea& area, std::uint64_t offset,
                         std::span<std::byte> into);
Result<void> write_labels(const store::Store& store, const LabelArea& area, std::uint64_t offset,
                          std::span<const std::byte> from);

} // namespace daxemu::nd
