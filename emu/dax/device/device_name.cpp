#include "emu/dax/device/device_name.hpp"

#include <charconv>

namespace daxemu::dax {
namespace {

// Takes a decimal number off the front of `text`.
Result<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(rest - text.data());
  if (error != std::errc() || (text[0] == '0' && length > 1)) {
    return fail(EINVAL);
  }
  text.remove_prefix(length);
  return value;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

} // namespace

Result<DeviceName> parse_device_name(std::string_view text) {
  take(text, "/dev/");
  if (!take(text, "dax")) {
    return fail(EINVAL);
  }
  const auto region = take_number(text);
  if (!region || !take(text, ".")) {
    return fail(EINVAL);
  }
  const auto id = take_number(text);
  if (!id || !text.empty()) {
    return fail(EINVAL);
  }
  return DeviceName{*region, *id};
}

} // namespace daxemu::dax
