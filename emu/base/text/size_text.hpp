// Sizes as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "emu/base/result.hpp"

namespace daxemu {

// "4G", "2M", "512k", "4GiB", "4096": bytes; the units are powers of two (K, M, G, T, with or without iB/B, any case),
// as daxctl takes them. Errors: EINVAL (no number, unknown unit, negative, fraction), ERANGE (past 2^63).
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

// The largest unit that divides it: 4G, 2M, 4100K, 17.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

} // namespace daxemu
