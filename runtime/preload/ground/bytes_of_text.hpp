// Texts compared byte by byte: not by the C library, whose functions are among what is looked up by that
// (hooks/process/later_symbols.cpp), and cost more than what differs in its first byte.
#pragma once

#include <string_view>

namespace daxemu::preload {

// `text` ends with a zero byte.
[[nodiscard, gnu::always_inline]] inline bool begins_with(const char* text, std::string_view what) noexcept {
  for (const char byte : what) {
    if (*text++ != byte) {
      return false;
    }
  }
  return true;
}

// Both end with one.
[[nodiscard, gnu::always_inline]] inline bool are_same(const char* one, const char* other) noexcept {
  for (; *one == *other; ++one, ++other) {
    if (*one == '\0') {
      return true;
    }
  }
  return false;
}

} // namespace daxemu::preload
