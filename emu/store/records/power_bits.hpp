// power/ of a device: what was written to `async` and `control`.
#pragma once

#include <atomic>
#include <cstdint>

namespace daxemu::store {

using PowerBits = std::atomic<std::uint8_t>;
inline constexpr std::uint8_t kPowerAsync = 1;
inline constexpr std::uint8_t kPowerOn = 2;

} // namespace daxemu::store
