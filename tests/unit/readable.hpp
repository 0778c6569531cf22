// Text of a row as part of its test's name: what ctest, a shell or a regular expression takes for its own is a low
// line.
#pragma once

#include <string>
#include <string_view>

namespace daxemu {

inline std::string readable(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:/,+=";
  std::string shown;
  for (const char letter : text) {
    if (kPlain.find(letter) != std::string_view::npos) {
      shown += letter;
    } else if (!shown.ends_with('_')) {
      shown += '_';
    }
  }
  return shown.empty() ? "nothing" : shown;
}

} // namespace daxemu
