#include "emu/base/text/size_text.hpp"

#include <array>
#include <cctype>
#include <charconv>

namespace daxemu {
namespace {

constexpr std::string_view kUnits = "KMGTP";

} // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    return fail(ERANGE);
  }
  if (error != std::errc()) {
    return fail(EINVAL);
  }
  std::string unit;
  for (const char c : text.substr(static_cast<std::size_t>(rest - text.data()))) {
    unit += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  unsigned shift = 0;
  if (!unit.empty() && unit != "B") {
    const std::size_t at = kUnits.find(unit[0]);
    const std::string_view tail = std::string_view(unit).substr(1);
    if (at == std::string_view::npos || !(tail.empty() || tail == "B" || tail == "IB")) {
      return fail(EINVAL);
    }
    shift = static_cast<unsigned>(10 * (at + 1));
  }
  if (number > (static_cast<std::uint64_t>(INT64_MAX) >> shift)) {
    return fail(ERANGE);
  }
  return number << shift;
}

std::string size_text(std::uint64_t bytes) {
  for (std::size_t at = kUnits.size(); at > 0; --at) {
    const std::uint64_t unit = 1ULL << (10 * at);
    if (bytes != 0 && bytes % unit == 0) {
      return std::to_string(bytes / unit) + kUnits[at - 1];
    }
  }
  return std::to_string(bytes);
}

} // namespace daxemu
