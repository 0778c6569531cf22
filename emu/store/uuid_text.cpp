#include "emu/store/uuid_text.hpp"

#include <algorithm>
#include <charconv>

namespace daxemu::store {
namespace {

constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

bool fits(char c, char form) {
  constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
  return form == '-' ? c == '-' : kHexDigits.find(c) != std::string_view::npos;
}

} // namespace

bool is_uuid(std::string_view text) {
  return text.size() == kForm.size() && std::equal(text.begin(), text.end(), kForm.begin(), fits);
}

Result<Uuid> parse_uuid(std::string_view text) {
  if (!is_uuid(text.substr(0, kForm.size()))) {
    return fail(EINVAL);
  }
  Uuid uuid{};
  std::size_t at = 0;
  for (std::uint8_t& byte : uuid) {
    at += text[at] == '-' ? 1 : 0;
    std::from_chars(text.data() + at, text.data() + at + 2, byte, 16);
    at += 2;
  }
  return uuid;
}

} // namespace daxemu::store
