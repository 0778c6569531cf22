#include "runtime/preload/names/own_variables.hpp"

#include <span>

#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/bytes_of_text.hpp"

namespace daxemu::preload {

DAXEMU_START_PATH OwnVariables::OwnVariables(char* const* environment) noexcept {
  for (char* const* at = environment; at != nullptr && *at != nullptr && count_ < kMost; ++at) {
    if (begins_with(*at, "DAXEMU")) {
      texts_[count_++] = *at;
    }
  }
}

DAXEMU_START_PATH const char* OwnVariables::find(std::string_view name) const noexcept {
  for (const char* text : std::span(texts_).first(count_)) {
    if (begins_with(text, name) && text[name.size()] == '=') {
      return text + name.size() + 1;
    }
  }
  return nullptr;
}

} // namespace daxemu::preload
