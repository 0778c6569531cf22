#include "emu/sysfs/schema/parse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>

#include "emu/sysfs/schema/text.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

using trace::because;
using trace::Reason;

std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  return text;
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// _parse_integer_fixup_radix(): strips the prefix and settles the base.
unsigned settle_base(std::string_view& text, unsigned base) {
  const bool has_x = text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (base == 0) {
    base = has_x && text.size() > 2 && is_hex_digit(text[2]) ? 16 : (text.starts_with('0') ? 8 : 10);
  }
  if (base == 16 && has_x) {
    text.remove_prefix(2);
  }
  return base;
}

// A number as sscanf's %d takes it off the front: an optional sign, digits.
bool take_int(std::string_view& text, std::int32_t& value) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  std::int64_t wide = 0;
  const auto [rest, error] = std::from_chars(begin, end, wide);
  if (error != std::errc() || wide < INT_MIN || wide > INT_MAX) {
    return false;
  }
  value = static_cast<std::int32_t>(wide);
  text.remove_prefix(static_cast<std::size_t>(rest - begin));
  return true;
}

constexpr std::array<std::string_view, 8> kActions = {"add",    "remove",  "change", "move",
                                                      "online", "offline", "bind",   "unbind"};

// KEY=VALUE words, letters and digits only (kobject_action_args).
bool is_variable(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return false;
  }
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  return std::all_of(key.begin(), key.end(), is_alphanumeric) && !value.empty() &&
         std::all_of(value.begin(), value.end(), is_alphanumeric);
}

} // namespace

std::string_view c_string(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

bool same_text(std::string_view a, std::string_view b) {
  return without_newline(a) == without_newline(b);
}

Result<std::uint64_t> parse_unsigned(std::string_view text, unsigned base) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  base = settle_base(text, base);
  text = without_newline(text);
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, static_cast<int>(base));
  if (error == std::errc::result_out_of_range) {
    return because(ERANGE, Reason::no_number);
  }
  if (error != std::errc() || rest != end) {
    return because(EINVAL, Reason::no_number);
  }
  return value;
}

Result<std::int32_t> parse_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto magnitude = parse_unsigned(negative ? text.substr(1) : text, 0);
  if (!magnitude) {
    return tl::unexpected(magnitude.error());
  }
  const std::uint64_t limit = static_cast<std::uint64_t>(INT_MAX) + (negative ? 1 : 0);
  if (*magnitude > limit) {
    return because(ERANGE, Reason::no_number);
  }
  const auto value = static_cast<std::int64_t>(*magnitude);
  return static_cast<std::int32_t>(negative ? -value : value);
}

Result<bool> parse_bool(std::string_view text, const Profile& profile) {
  const std::string_view truths = profile.bool_takes_enable ? "yYtT1eE" : "yYtT1";
  const std::string_view lies = profile.bool_takes_enable ? "nNfF0dD" : "nNfF0";
  if (text.empty()) {
    return because(EINVAL, Reason::no_boolean);
  }
  if (text[0] == 'o' || text[0] == 'O') {
    const char second = text.size() > 1 ? text[1] : '\0';
    if (second == 'n' || second == 'N') {
      return true;
    }
    return second == 'f' || second == 'F' ? Result<bool>(false) : because(EINVAL, Reason::no_boolean);
  }
  if (truths.find(text[0]) != std::string_view::npos) {
    return true;
  }
  return lies.find(text[0]) != std::string_view::npos ? Result<bool>(false) : because(EINVAL, Reason::no_boolean);
}

Result<AddressRange> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return because(EINVAL, Reason::no_range);
  }
  const auto start = parse_unsigned(text.substr(0, dash), 16);
  if (!start) {
    return tl::unexpected(start.error());
  }
  const auto end = parse_unsigned(text.substr(dash + 1), 16);
  if (!end) {
    return tl::unexpected(end.error());
  }
  return AddressRange{*start, *end};
}

Result<dax::DriverId> parse_driver_id(std::string_view text) {
  std::string_view rest = text;
  dax::DriverId id;
  if (!rest.starts_with("dax")) {
    return because(EINVAL, Reason::no_device_id);
  }
  rest.remove_prefix(3);
  if (!take_int(rest, id.region) || !rest.starts_with('.')) {
    return because(EINVAL, Reason::no_device_id);
  }
  rest.remove_prefix(1);
  if (!take_int(rest, id.id)) {
    return because(EINVAL, Reason::no_device_id);
  }
  NameText printed;
  printed.put("dax").number(id.region).put(".").number(id.id);
  return same_text(text, printed.view()) ? Result<dax::DriverId>(id) : because(EINVAL, Reason::no_device_id);
}

Result<void> check_uevent(std::string_view text) {
  text = without_newline(text);
  const std::size_t space = text.find(' ');
  if (std::find(kActions.begin(), kActions.end(), text.substr(0, space)) == kActions.end()) {
    return because(EINVAL, Reason::no_uevent);
  }
  if (space == std::string_view::npos) {
    return {};
  }
  std::string_view words = text.substr(space + 1);
  for (bool first = true; first || !words.empty(); first = false) {
    const std::size_t end = words.find(' ');
    const std::string_view word = words.substr(0, end);
    if (first ? !store::is_uuid(word) : !is_variable(word)) {
      return because(EINVAL, Reason::no_uevent);
    }
    words = end == std::string_view::npos ? std::string_view() : words.substr(end + 1);
  }
  return {};
}

} // namespace daxemu::sysfs
