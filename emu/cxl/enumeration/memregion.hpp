// Numbers of regions, of which the kernel has one series for all that are called so (memregion_alloc() in
// lib/memregion.c): CXL regions, the next one of each root decoder, nd regions, and hmem devices.
#pragma once

#include <cstdint>

#include "emu/store/store.hpp"

namespace daxemu::cxl {

// The lowest number that nobody has.
[[nodiscard]] std::uint32_t next_memregion(const store::Store& store);

} // namespace daxemu::cxl
