// What the commands say to people: errors in one form, on stderr.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// May what is printed on descriptor `fd` be in colour: a terminal that can, and NO_COLOR (no-color.org) is not set?
[[nodiscard]] bool colour_wanted(int fd);

// Exit codes of daxemu itself; `run` otherwise ends with its command's status. 125-127 are env(1)'s and timeout(1)'s.
inline constexpr int kExitRefused = 125;     // bad input, or the machine cannot do it
inline constexpr int kExitNotRunnable = 126; // the command exists but cannot be run (under daxemu)
inline constexpr int kExitNotFound = 127;    // no such command

// Why something was not done, and the exit code that says so.
struct Refusal {
  Problem problem;
  int exit_code = kExitRefused;
};

// TEXT as it is on stderr. That it cannot be written, as where a log is on a full disk, ends nothing: there is nobody
// to tell.
void say(std::string_view text) noexcept;
// "daxemu: WHAT; REMEDY" on stderr.
void complain(const Problem& problem);
// The same, and the exit code to end with.
[[nodiscard]] int refuse_with(const Refusal& refusal);
// "daxemu: TEXT" on stderr.
void note(std::string_view text);

// Shows "DONE of ALL extents WHAT" on stderr, rewritten in place, for work that takes more than a second; nothing when
// stderr is no terminal.
[[nodiscard]] std::function<void(std::uint64_t done, std::uint64_t all)> progress_line(std::string what);

} // namespace daxemu::cli
