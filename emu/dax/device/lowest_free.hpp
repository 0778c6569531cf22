// The lowest number that no device has, as ida_alloc() hands numbers out: a region's for its devices (daxX.Y), and
// minors (dax_minor_ida).
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>

#include "emu/store/store.hpp"

namespace daxemu::dax {

// `number_of`: the number that a device has of them, as std::optional<std::uint32_t>. One look at the devices finds it,
// or that as many numbers as there are bits are taken.
template <class NumberOf>
[[nodiscard]] std::uint32_t lowest_free(const store::Store& store, NumberOf&& number_of) {
  constexpr std::uint32_t kBits = 2048; // more than there are devices in a platform, as a rule
  for (std::uint32_t base = 0;; base += kBits) {
    std::bitset<kBits> taken;
    for (const store::DeviceRecord& device : store.devices()) {
      if (device.state.load(std::memory_order_acquire) == store::DeviceState::absent) {
        continue;
      }
      if (const std::optional<std::uint32_t> number = number_of(device); number && *number - base < kBits) {
        taken.set(*number - base);
      }
    }
    for (std::uint32_t at = 0; at < kBits; ++at) {
      if (!taken.test(at)) {
        return base + at;
      }
    }
  }
}
[[nodiscard]] inline std::uint32_t lowest_free_minor(const store::Store& store) {
  return lowest_free(store, [](const store::DeviceRecord& device) { return std::optional(device.minor); });
}

} // namespace daxemu::dax
