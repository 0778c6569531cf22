// Text of strangers (a file's keys, a command's arguments) as part of a message: on one line, whatever is in it, and
// with no command to a terminal.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace daxemu::cli {

// Control characters as \n, \t or \x1b; the rest as it is.
[[nodiscard]] inline std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char one : text) {
    const auto byte = static_cast<unsigned char>(one);
    if (one == '\n') {
      line += "\\n";
    } else if (one == '\t') {
      line += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += one;
    }
  }
  return line;
}

} // namespace daxemu::cli
