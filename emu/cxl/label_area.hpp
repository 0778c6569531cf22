// The label area of a memdev (Get LSA, Set LSA): plain bytes in the file of its labels_slot. What the nd bus calls the
// config data of a DIMM is the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// All of `into`, or all of `from`, at `offset` of the area. What was never written reads zero. Takes no lock: who has
// to see several pieces as one holds a Change.
// Errors: EINVAL (reaches behind label_size), ENXIO (the memdev has no area, or its file is gone), those of the calls.
Result<void> read_labels(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t offset,
                         std::span<std::byte> into);
Result<void> write_labels(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t offset,
                          std::span<const std::byte> from);

} // namespace daxemu::cxl
