// How many processors a thread has.
#pragma once

#include "emu/store/records/records.hpp"

namespace daxemu::fault {

// Those that this thread may run on (sched_getaffinity(2)), of `wanted` only; all zero: of all. 1 where the kernel does
// not say.
[[nodiscard]] int processors(const store::CpuMask& wanted = {});

} // namespace daxemu::fault
