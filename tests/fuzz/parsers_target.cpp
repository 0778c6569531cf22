// Text written to attributes, and sizes people type: each parser against a plain description of what it accepts.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

#include "emu/base/text/size_text.hpp"
#include "emu/sysfs/schema/parse.hpp"
#include "emu/sysfs/schema/text.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace daxemu;
using fuzz::require;

// A number is accepted exactly if what the parser read, written out again, is what stood there but for sign, prefix,
// leading zeros and one newline.
void check_number(std::string_view text, unsigned base) {
  const auto value = sysfs::parse_unsigned(text, base);
  if (!value) {
    require(value.error() == Errno{EINVAL} || value.error() == Errno{ERANGE}, "a number is EINVAL or ERANGE");
    return;
  }
  std::string rest(text);
  std::transform(rest.begin(), rest.end(), rest.begin(), [](unsigned char c) { return std::tolower(c); });
  if (rest.ends_with('\n')) {
    rest.pop_back();
  }
  if (rest.starts_with('+')) {
    rest.erase(0, 1);
  }
  unsigned read_in = base;
  if (rest.starts_with("0x") && (base == 0 || base == 16)) {
    rest.erase(0, 2);
    read_in = 16;
  } else if (base == 0) {
    read_in = rest.starts_with('0') ? 8 : 10;
  }
  rest.erase(0, std::min(rest.find_first_not_of('0'), rest.size() - 1));
  sysfs::NameText again;
  again.digits(*value, static_cast<int>(read_in));
  require(again.view() == rest, "a number accepted is the number written");
}

void check_int(std::string_view text) {
  const auto value = sysfs::parse_int(text);
  if (value && *value < 0) {
    require(text.starts_with('-'), "only a minus makes a number negative");
  }
}

void check_range(std::string_view text) {
  if (sysfs::parse_range(text)) {
    require(text.find('-') != std::string_view::npos, "a range has a dash");
  }
}

void check_driver_id(std::string_view text) {
  if (const auto id = sysfs::parse_driver_id(text); id) {
    sysfs::NameText again;
    again.put("dax").number(id->region).put(".").number(id->id);
    require(sysfs::same_text(again.view(), text), "a device's name is as the kernel prints it");
  }
}

void check_size(std::string_view text) {
  const auto size = parse_size(text);
  if (!size) {
    return;
  }
  require(*size <= 1ULL << 63U, "a size is at most 2^63");
  const auto again = parse_size(size_text(*size));
  require(again && *again == *size, "a size that is printed reads as itself");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t base = input.byte();
  const std::string_view text = sysfs::c_string(input.all());
  require(text.find('\0') == std::string_view::npos, "a C string has no NUL");
  constexpr unsigned kBases[] = {0, 8, 10, 16};
  check_number(text, kBases[base % 4]);
  check_int(text);
  check_range(text);
  check_driver_id(text);
  check_size(text);
  (void)sysfs::check_uevent(text);
  require(sysfs::same_text(text, text), "a text is itself");
  return 0;
}
