// What the label area of a DIMM begins with, asked of its node.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace daxemu::cli {

struct LabelAreaSeen {
  std::uint64_t size = 0; // bytes
  std::string labels;     // the version of its index: "1.1" or "1.2"; "none": it has none
};
// Of /dev/nmemN, which is root's. Nothing: it cannot be asked.
[[nodiscard]] std::optional<LabelAreaSeen> see_label_area(const std::string& node);

} // namespace daxemu::cli
