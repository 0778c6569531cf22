#include "runtime/cli/text/wrapped.hpp"

#include <algorithm>
#include <cstdint>

#include <sys/ioctl.h>
#include <unistd.h>

namespace daxemu::cli {

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (used != 0 && used + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      used = 0;
    }
    out += used == 0 ? "" : " ";
    out += word;
    used += (used == 0 ? 0 : 1) + word.size();
    at = end + 1;
  }
  return out;
}

std::size_t line_width() {
  winsize window{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  return known ? window.ws_col : SIZE_MAX;
}

} // namespace daxemu::cli
