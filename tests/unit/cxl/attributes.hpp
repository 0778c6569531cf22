// The attributes of the cxl bus that the model stands behind, written and read as text: what the tree in emu/sysfs/cxl
// does with it, without the tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// Of a file like "decoder2.0/dpa_size" or "drivers/cxl_region/bind". Nothing: no file of ours.
[[nodiscard]] std::optional<Result<void>> write_attribute(const store::Store& store, std::string_view file,
                                                          std::string_view text);
// With its newline. Nothing: no file of ours. Errors: ENOENT (no such device).
[[nodiscard]] std::optional<Result<std::string>> read_attribute(const store::Store& store, std::string_view file);

} // namespace daxemu::cxl
