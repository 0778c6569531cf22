// Addresses that belong to CXL: the fixed memory windows, which root decoders are. Regions of the dax and nd buses lie
// there if they were made of CXL regions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "emu/store/store.hpp"

namespace daxemu::dax {

// The root decoder whose window has the address, or nullptr.
[[nodiscard]] inline const store::CxlDecoderRecord* window_at(const store::Store& store, std::uint64_t address) {
  const store::CxlState& state = store.cxl().state;
  if (state.present == 0) {
    return nullptr;
  }
  const std::size_t count = std::min<std::size_t>(state.decoders_used, state.decoders.size());
  for (std::size_t at = 0; at < count; ++at) {
    const store::CxlDecoderRecord& decoder = state.decoders[at];
    const std::uint32_t port = decoder.port;
    if (port != 0 && port <= state.ports.size() && state.ports[port - 1].kind == store::CxlPortKind::root &&
        address >= decoder.start && address - decoder.start < decoder.size) {
      return &decoder;
    }
  }
  return nullptr;
}
[[nodiscard]] inline bool is_in_window(const store::Store& store, std::uint64_t address) {
  return window_at(store, address) != nullptr;
}

// The lowest address of any window; ~0: there is none.
[[nodiscard]] inline std::uint64_t first_window_start(const store::Store& store) {
  const store::CxlState& state = store.cxl().state;
  std::uint64_t lowest = ~0ULL;
  const std::size_t count = std::min<std::size_t>(state.decoders_used, state.decoders.size());
  for (std::size_t at = 0; at < count; ++at) {
    const store::CxlDecoderRecord& decoder = state.decoders[at];
    const std::uint32_t port = decoder.port;
    if (port != 0 && port <= state.ports.size() && state.ports[port - 1].kind == store::CxlPortKind::root) {
      lowest = std::min(lowest, decoder.start);
    }
  }
  return lowest;
}

} // namespace daxemu::dax
