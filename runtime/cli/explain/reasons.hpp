// The texts of emu/trace/reasons.def, which says what they are.
#pragma once

#include <span>
#include <string_view>

#include "emu/trace/why.hpp"

namespace daxemu::cli {

struct ReasonText {
  std::string_view name;
  std::string_view call;
  std::string_view from;  // the kernel's function
  std::string_view words; // the kernel's
  std::string_view what;  // ours
  std::string_view remedy;
  std::string_view row;
};

// Every reason but none.
[[nodiscard]] std::span<const ReasonText> reason_texts();
// nullptr: none, or a number of a newer library.
[[nodiscard]] const ReasonText* text_of(std::uint16_t reason);

} // namespace daxemu::cli
