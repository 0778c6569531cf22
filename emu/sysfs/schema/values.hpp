// Values that attributes of several directories have.
#pragma once

#include "emu/sysfs/schema/parse.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// An attribute that always reads as this text (a newline is added), such as "platform:hmem".
template <std::size_t Length>
struct Literal {
  char text[Length];
  constexpr Literal(const char (&from)[Length]) {
    for (std::size_t at = 0; at < Length; ++at) {
      text[at] = from[at];
    }
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text, Length - 1}; }
};
template <Literal Value>
Result<void> constant(const Scope&, Text& out) {
  out.put(Value.view()).put("\n");
  return {};
}
// One with no text at all, as the uevent of a device without variables.
inline Result<void> nothing(const Scope&, Text&) {
  return {};
}
// One whose show() fails whatever the state.
template <int Code>
Result<void> failing(const Scope&, Text&) {
  return fail(Code);
}
// uevent of whatever object: asks for a synthetic event. Errors: EINVAL.
inline Result<void> store_uevent(const Scope&, std::string_view text) {
  return check_uevent(text);
}
// A link to a place that is always the same.
template <Literal Path>
void fixed_target(const Scope&, Text& out) {
  out.put(Path.view());
}

} // namespace daxemu::sysfs
