// A UUID as the kernel reads it (lib/uuid.c).
#pragma once

#include <string_view>

#include "emu/base/result.hpp"
#include "emu/store/records/nd_records.hpp"

namespace daxemu::store {

// uuid_is_valid(): 8-4-4-4-12 hexadecimal digits, and nothing else.
[[nodiscard]] bool is_uuid(std::string_view text);
// uuid_parse(): such text, whatever follows. Errors: EINVAL.
[[nodiscard]] Result<Uuid> parse_uuid(std::string_view text);

} // namespace daxemu::store
