// Commands whose system calls are answered from outside (daxemu run --intercept): daxemu starts itself once more, with
// the library loaded, and that process supervises the command.
#pragma once

#include <string>
#include <vector>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// How a command gets to see the devices.
enum class Intercept {
  automatic, // by the library; static and Go programs, and what they start, by the kernel
  library,
  kernel,
};

// "auto", "libc" or "kernel". Errors (Problem, EINVAL).
[[nodiscard]] Outcome<Intercept> parse_intercept(const std::string& word);

// Can the kernel tell us of calls here? Errors (Problem): which limit forbids it, and what to do.
[[nodiscard]] Outcome<void> check_notifications();

// In the environment of what is supervised.
inline constexpr const char* kSupervisedVariable = "DAXEMU_SUPERVISED";

// The word that main() takes for this; no verb for people.
inline constexpr const char* kSuperviseWord = "supervise-command";

// Supervises the command to its end, in a process that `daxemu run` has started. Returns the exit code, or ends as the
// command did.
int supervise_command(const std::vector<std::string>& command);

// A program under the library starts one that no library can be loaded into (preload/process/served_outside.hpp): this
// process becomes it, and a supervisor that stands aside answers its calls. `command`: its file, then its argv.
int enter_command(const std::vector<std::string>& command);
// That supervisor: until the last program of it ends.
inline constexpr const char* kServeWord = "serve-calls";
int serve_aside();

} // namespace daxemu::cli
