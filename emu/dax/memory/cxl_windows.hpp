// Addresses that belong to CXL: the fixed memory windows, which root decoders are. Regions of the dax and nd buses lie
// there if they were made of CXL regions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "emu/store/store.hpp"

namespace daxemu::dax {

// Calls for each root decoder until told to stop by `false`.
template <class Each>
void each_window(const store::CxlState& state, Each&& each) {
  const std::size_t count = std::min<std::size_t>(state.decoders_used, state.decoders.size());
  for (std::size_t at = 0; at < count; ++at) {
    const std::uint32_t port = state.decoders[at].port;
    if (port != 0 && port <= state.ports.size() && state.ports[port - 1].kind == store::CxlPortKind::root &&
        !each(state.decoders[at])) {
      return;
    }
  }
}

// The root decoder whose window has the address, or nullptr.
[[nodiscard]] inline const store::CxlDecoderRecord* window_at(const store::Store& store, std::uint64_t address) {
  const store::CxlState& state = store.cxl().state;
  if (state.present == 0) {
    return nullptr;
  }
  const store::CxlDecoderRecord* found = nullptr;
  each_window(state, [&](const store::CxlDecoderRecord& window) {
    found = address >= window.start && address - window.start < window.size ? &window : nullptr;
    return found == nullptr;
  });
  return found;
}
[[nodiscard]] inline bool is_in_window(const store::Store& store, std::uint64_t address) {
  return window_at(store, address) != nullptr;
}

// The lowest address of any window; ~0: there is none.
[[nodiscard]] inline std::uint64_t first_window_start(const store::Store& store) {
  std::uint64_t lowest = ~0ULL;
  each_window(store.cxl().state, [&](const store::CxlDecoderRecord& window) {
    lowest = std::min(lowest, window.start);
    return true;
  });
  return lowest;
}

} // namespace daxemu::dax
