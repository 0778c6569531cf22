// mseal(2), which the C library's headers have no name for before 2.40.
#pragma once

namespace daxemu {

inline constexpr long kMseal = 462;

} // namespace daxemu
