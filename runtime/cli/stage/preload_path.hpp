// Where libdaxemu-preload.so is, and what LD_PRELOAD must say to load it.
#pragma once

#include <string>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// DAXEMU_PRELOAD if set, else beside the running program (../lib, as in the build and in an installed tree).
// Errors (Problem, ENOENT): lists where it was looked for.
[[nodiscard]] Outcome<std::string> find_preload_library();

// `library` in front of what LD_PRELOAD says already; nothing twice. In a sanitized build the sanitizer's runtime
// comes first: it refuses to start anywhere else.
[[nodiscard]] std::string preload_value(const std::string& library, const char* present);

} // namespace daxemu::cli
