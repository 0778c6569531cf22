// Whether the ledger is to say which code took a hold (daxemu run --pin-sites).
#pragma once

#include <cstdint>
#include <cstdlib>

namespace daxemu::preload {

inline constexpr const char* kPinSitesVariable = "DAXEMU_PIN_SITES";

// The return address of a hook's caller, or 0 where nobody asked for it.
[[nodiscard]] inline std::uint64_t noted_site(const void* return_address) {
  static const bool wanted = std::getenv(kPinSitesVariable) != nullptr;
  return wanted ? reinterpret_cast<std::uint64_t>(return_address) : 0;
}

} // namespace daxemu::preload
