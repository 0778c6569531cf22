#include "emu/nd/nfit/dimm_identity.hpp"

#include <charconv>

namespace daxemu::nd {
namespace {

// Takes `digits` hexadecimal digits off the text, and the dash behind them unless they are its last.
std::optional<std::uint32_t> take(std::string_view& text, std::size_t digits) {
  std::uint32_t value = 0;
  const char* end = text.data() + digits;
  if (text.size() < digits) {
    return std::nullopt;
  }
  const auto read = std::from_chars(text.data(), end, value, 16);
  if (read.ec != std::errc() || read.ptr != end || (text.size() > digits && text[digits] != '-')) {
    return std::nullopt;
  }
  text.remove_prefix(text.size() > digits ? digits + 1 : digits);
  return value;
}

} // namespace

std::optional<DimmIdentity> parse_dimm_identity(std::string_view text) {
  constexpr std::size_t kWord = 4; // digits
  constexpr std::size_t kLong = 8;
  constexpr std::size_t kWithoutPlace = kWord + 1 + kLong;
  const bool has_place = text.size() != kWithoutPlace;
  const auto vendor = take(text, kWord);
  const auto place = has_place ? take(text, 2) : 0U;
  const auto date = has_place ? take(text, kWord) : 0U;
  const auto serial = take(text, kLong);
  if (!vendor || !place || !date || !serial || !text.empty()) {
    return std::nullopt;
  }
  return DimmIdentity{.vendor = __builtin_bswap16(static_cast<std::uint16_t>(*vendor)),
                      .date_made = __builtin_bswap16(static_cast<std::uint16_t>(*date)),
                      .place_made = static_cast<std::uint8_t>(*place),
                      .serial = __builtin_bswap32(*serial)};
}

} // namespace daxemu::nd
