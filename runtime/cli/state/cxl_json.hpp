// A platform's CXL bus, by the keys that `cxl list` has for the same.
#pragma once

#include <nlohmann/json.hpp>

#include "emu/store/store.hpp"

namespace daxemu::cli {

// "memdevs", "decoders" (those that decode something, and the root's: its windows), "regions". null: no CXL bus.
[[nodiscard]] nlohmann::ordered_json cxl_json(const store::Store& store);

} // namespace daxemu::cli
