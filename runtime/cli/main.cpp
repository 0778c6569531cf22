// The daxemu command: splits off the command behind "--", finds the verb, runs it.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daxemu_build.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/mistake.hpp"
#include "runtime/cli/terminal.hpp"

namespace daxemu::cli {
namespace {

int main_of(int argc, char** argv) {
  const std::vector<std::string> all(argv + 1, argv + argc);
  const auto split = std::find(all.begin(), all.end(), "--");
  const std::vector<std::string> command(split == all.end() ? split : split + 1, all.end());
  const std::vector<std::string> own(all.begin(), split);

  CLI::App app("A device-dax that is not there", "daxemu");
  app.set_version_flag("--version", fmt::format("daxemu {} (mirrors device-dax of {})", kVersion, kProfile));
  app.require_subcommand(1);
  std::map<std::string, std::unique_ptr<Verb>> verbs;
  verbs["run"] = add_run_verb(app);
  verbs["create"] = add_create_verb(app);
  verbs["destroy"] = add_destroy_verb(app);
  verbs["doctor"] = add_doctor_verb(app);
  verbs["list"] = add_list_verb(app);
  try {
    app.parse(std::vector<std::string>(own.rbegin(), own.rend())); // the order CLI11 takes a vector in
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) { // --help, --version
      return app.exit(error);
    }
    complain(mistake_of(app, error, own));
    return kExitRefused;
  }
  return verbs.at(app.get_subcommands().front()->get_name())->run(command);
}

} // namespace
} // namespace daxemu::cli

int main(int argc, char** argv) {
  try {
    return daxemu::cli::main_of(argc, argv);
  } catch (const std::exception& error) { // out of memory, mostly: nothing of ours throws
    daxemu::cli::complain({ENOMEM, error.what(), "free some memory and try again"});
    return daxemu::cli::kExitRefused;
  }
}
