// Text written to an attribute, read as the kernel reads it.
#pragma once

#include <cstdint>
#include <string_view>

#include "emu/base/profile.hpp"
#include "emu/base/result.hpp"
#include "emu/dax/bind.hpp"
#include "emu/store/uuid_text.hpp"

namespace daxemu::sysfs {

// The text up to its first NUL byte: attributes get a C string.
[[nodiscard]] std::string_view c_string(std::string_view text);

// sysfs_streq(): equal but for one newline at the end of either.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b);

// kstrtoull(): digits in `base` (0: by the prefix 0x or 0), an optional '+' before and newline behind.
// Errors: EINVAL, ERANGE.
[[nodiscard]] Result<std::uint64_t> parse_unsigned(std::string_view text, unsigned base);
// kstrtobool(): by the first letter or two, which are not the same in every kernel. Errors: EINVAL.
[[nodiscard]] Result<bool> parse_bool(std::string_view text, const Profile& profile);
using store::parse_uuid;
// kstrtoint(..., 0, ...). Errors: EINVAL, ERANGE.
[[nodiscard]] Result<std::int32_t> parse_int(std::string_view text);

struct AddressRange {
  std::uint64_t start = 0;
  std::uint64_t end = 0; // last byte
};
// range_parse() in drivers/dax/bus.c: "start-end", hexadecimal. Errors: EINVAL, ERANGE.
[[nodiscard]] Result<AddressRange> parse_range(std::string_view text);

// do_id_store() in drivers/dax/bus.c: "daxX.Y" exactly as the kernel would print it. Errors: EINVAL.
[[nodiscard]] Result<dax::DriverId> parse_driver_id(std::string_view text);

// kobject_synth_uevent() in lib/kobject_uevent.c: an action, then perhaps a UUID and KEY=VALUE words. Errors: EINVAL.
[[nodiscard]] Result<void> check_uevent(std::string_view text);

} // namespace daxemu::sysfs
