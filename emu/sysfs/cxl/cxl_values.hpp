// What attributes of several things of the cxl bus have in common.
#pragma once

#include <optional>

#include "emu/cxl/objects.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {

// cxl_decoder_mode_name()
[[nodiscard]] constexpr std::string_view cxl_mode_word(cxl::CxlMode mode) {
  return mode == cxl::CxlMode::ram ? "ram" : mode == cxl::CxlMode::pmem ? "pmem" : "none";
}

// printk's %pa: as wide as an address.
void put_address(std::uint64_t value, Text& out);
// printk's %pUb.
void put_uuid(const store::Uuid& uuid, Text& out);

// sscanf(text, "region%d\n"): a number behind the word and perhaps spaces, whatever follows; it wraps around.
[[nodiscard]] std::optional<std::int32_t> scan_region_id(std::string_view text);

// kstrtouint(..., 0, ...). Errors: EINVAL, ERANGE.
[[nodiscard]] Result<std::uint32_t> parse_uint(std::string_view text);

} // namespace daxemu::sysfs
