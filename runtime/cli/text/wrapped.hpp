// Text in lines, for screens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace daxemu::cli {

// In lines of `width` characters at most, broken at blanks, all but the first behind `indent` of them.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

// Characters in a line of the terminal on standard output; of none: no limit.
[[nodiscard]] std::size_t line_width();

} // namespace daxemu::cli
