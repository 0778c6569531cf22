#include "tests/sequences/units.hpp"

#include <cctype>

namespace sequences {

std::uint64_t Units::bytes(const std::string& text) const {
  std::uint64_t total = 0;
  for (std::size_t at = 0; at < text.size();) {
    const bool minus = text[at] == '-';
    at += minus || text[at] == '+' ? 1 : 0;
    std::uint64_t count = 0;
    const std::size_t digits = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
      count = count * 10 + static_cast<std::uint64_t>(text[at++] - '0');
    }
    count = at == digits ? 1 : count;
    std::uint64_t unit = count == 0 ? 0 : 1;
    if (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0) {
      switch (text[at++]) {
      case 'A':
        unit = extent;
        break;
      case 'H':
        unit = half();
        break;
      case 'P':
        unit = kPage;
        break;
      case 'S':
        unit = size;
        break;
      default:
        break;
      }
    } else if (at < text.size() && text[at] != '+' && text[at] != '-') {
      return 0;
    }
    total = minus ? total - count * unit : total + count * unit;
  }
  return total;
}

std::string Units::text(std::uint64_t bytes) const {
  std::string text;
  const auto add = [&text, &bytes](std::uint64_t unit, const char* name, bool counted) {
    if (bytes >= unit) {
      text += (text.empty() ? "" : "+") + (counted ? std::to_string(bytes / unit) : std::string()) + name;
      bytes %= unit;
    }
  };
  add(extent, "A", true);
  if (half() < extent) {
    add(half(), "H", false);
  }
  add(kPage, "P", true);
  add(1, "B", true);
  return text.empty() ? "0" : text;
}

} // namespace sequences
