// Runs one command as daxemu's child: its signals are passed on, its end is daxemu's end.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// Descriptors that the command is to have as its standard streams; -1: ours.
struct Streams {
  int input = -1;
  int output = -1;
  int error = -1;
};

struct Command {
  std::string path;                                             // file to execute
  std::vector<std::string> arguments;                           // argv, [0] included
  std::vector<std::pair<std::string, std::string>> environment; // set on top of the present one
  Streams streams{};
  bool supervised = false; // it is a supervisor of what is to run
  // In place of execvp(3), in the child: returns errno. Nothing: execvp(3).
  std::function<int(const char* path, char* const* arguments)> become{};
};

struct ChildEnd {
  int status = 0;       // as wait(2) has it
  int asked_to_end = 0; // the signal by which somebody asked daxemu meanwhile to end (Ctrl-C), or 0
};

// Starts the command and waits for its end. Meanwhile signals sent to daxemu (kill, a supervisor) are forwarded to it;
// those a terminal sends reach it by itself. When it stops, daxemu stops; when daxemu continues, so does it.
// Errors (Problem): fork(2)'s, execve(2)'s.
[[nodiscard]] Outcome<ChildEnd> run_child(const Command& command);

// Ends this process as the child ended: with its exit status, or by the same signal (without a second core file).
[[noreturn]] void end_like(ChildEnd end);

} // namespace daxemu::cli
