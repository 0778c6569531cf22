// The daxemu command: splits off the command behind "--", finds the verb, runs it.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "runtime/cli/command_line/help_format.hpp"
#include "runtime/cli/command_line/mistake.hpp"
#include "runtime/cli/command_line/program.hpp"
#include "runtime/cli/full_machine.hpp"
#include "runtime/cli/stage/supervised.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/preload/process/served_outside.hpp"

namespace daxemu::cli {
namespace {

int main_of(int argc, char** argv) {
  if (argc == 1) { // a person, most likely; a script that meant a verb hears of it by the exit code
    fmt::print("{}", first_screen());
    return kExitRefused;
  }
  const std::vector<std::string> all(argv + 1, argv + argc);
  const auto split = std::find(all.begin(), all.end(), "--");
  const std::vector<std::string> command(split == all.end() ? split : split + 1, all.end());
  const std::vector<std::string> own(all.begin(), split);

  if (own.size() == 1 && own[0] == kSuperviseWord) {
    return supervise_command(command);
  }
  if (own.size() == 1 && own[0] == preload::kEnterWord) {
    return enter_command(command);
  }
  if (own.size() == 1 && own[0] == kServeWord) {
    return serve_aside();
  }
  Program program;
  try {
    program.app().parse(std::vector<std::string>(own.rbegin(), own.rend())); // the order CLI11 takes a vector in
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) { // --help, --version
      return program.app().exit(error);
    }
    complain(mistake_of(program.app(), error, own));
    return kExitRefused;
  }
  const std::string name = program.app().get_subcommands().front()->get_name();
  Verb& verb = program.verb(name);
  if (!verb.takes_command() && !command.empty()) {
    complain({EINVAL, fmt::format("{} takes no command, but got '{}'", name, command[0]), "remove what follows --"});
    return kExitRefused;
  }
  return verb.run(command);
}

// What was printed has to be there: `daxemu record >machine.json` on a full disk did not do it.
int finish(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
    return status;
  }
  complain(
      {EIO, "what was printed could not be written to standard output in full", "make room, or send it elsewhere"});
  return status == 0 ? kExitRefused : status;
}

} // namespace
} // namespace daxemu::cli

int main(int argc, char** argv) {
  daxemu::cli::prepare_for_full_machine();
  try {
    return daxemu::cli::finish(daxemu::cli::main_of(argc, argv));
  } catch (const std::exception& error) { // out of memory, mostly, or fmt::print(): nothing of ours throws
    if (std::ferror(stdout) != 0) {
      return daxemu::cli::finish(daxemu::cli::kExitRefused);
    }
    daxemu::cli::complain({ENOMEM, error.what(), "free some memory and try again"});
    return daxemu::cli::kExitRefused;
  }
}
