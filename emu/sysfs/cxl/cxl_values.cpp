#include "emu/sysfs/cxl/cxl_values.hpp"

#include <limits>

namespace daxemu::sysfs {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

} // namespace

void put_address(std::uint64_t value, Text& out) {
  out.put("0x").digits(value, 16, 16);
}

void put_uuid(const store::Uuid& uuid, Text& out) {
  for (std::size_t at = 0; at < uuid.size(); ++at) {
    const bool begins_group = at == 4 || at == 6 || at == 8 || at == 10;
    out.put(begins_group ? "-" : "").digits(static_cast<unsigned>(uuid[at]), 16, 2);
  }
}

std::optional<std::int32_t> scan_region_id(std::string_view text) {
  constexpr std::string_view kWord = "region";
  if (!text.starts_with(kWord)) {
    return {};
  }
  text.remove_prefix(kWord.size());
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  const bool negative = text.starts_with('-');
  text.remove_prefix(negative ? 1 : 0);
  if (text.empty() || !is_digit(text.front())) {
    return {};
  }
  std::uint64_t value = 0; // simple_strntoll() does not look for an overflow
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
  }
  return static_cast<std::int32_t>(negative ? -value : value);
}

Result<std::uint32_t> parse_uint(std::string_view text) {
  const auto value = parse_unsigned(text, 0);
  if (!value) {
    return tl::unexpected(value.error());
  }
  return *value > std::numeric_limits<std::uint32_t>::max() ? fail(ERANGE)
                                                            : Result<std::uint32_t>(static_cast<std::uint32_t>(*value));
}

} // namespace daxemu::sysfs
