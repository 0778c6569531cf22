// Can a command run under the preload library? The dynamic linker loads it only into dynamically linked programs
// without raised privileges; anything else would run without daxemu and fail later with a puzzling message.
#pragma once

#include <string>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// Who answers for the program: a library in it, or its supervisor (runtime/supervise), who can for a static one too.
enum class Reach { with_library, every_program };

// Finds `command` as execvp(3) does and follows "#!" lines. Returns the path to execute.
// Errors (Problem): ENOENT (not found), EACCES (not executable, a directory), ENOEXEC (statically linked, of Go, or for
// another machine), EPERM (set-user-ID, set-group-ID or file capabilities).
[[nodiscard]] Outcome<std::string> find_executable(const std::string& command, Reach reach = Reach::with_library);

} // namespace daxemu::cli
