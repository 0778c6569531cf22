// Words or numbers in one line. Not fmt::join: it is in another header from version to version of fmt, a heavy one.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace daxemu::cli {

template <class Range>
[[nodiscard]] std::string joined(const Range& parts, std::string_view between) {
  std::string text;
  bool first = true;
  for (const auto& part : parts) {
    text += first ? std::string_view() : between;
    first = false;
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(part)>>) {
      text += std::to_string(part);
    } else {
      text += part;
    }
  }
  return text;
}

} // namespace daxemu::cli
