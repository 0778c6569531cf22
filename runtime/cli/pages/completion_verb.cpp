// daxemu completion SHELL: the script by which a shell completes daxemu's words.
#include <array>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/command_line/program.hpp"
#include "runtime/cli/pages/completion.hpp"
#include "runtime/cli/plan/words.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

using MakeScript = std::string (*)(const std::vector<VerbText>&);
constexpr Word<MakeScript> kShells[] = {{"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}};

// A name per line, for the scripts.
std::set<std::string> platform_names() {
  std::set<std::string> names;
  for (const std::string& platform : visible_platforms()) {
    // A nameless one is said by the process that keeps it.
    const std::string_view path = platform;
    const std::size_t end = path.starts_with("/proc/") ? path.find('/', 6) : std::string_view::npos;
    names.emplace(end == std::string_view::npos ? path : path.substr(6, end - 6));
  }
  return names;
}
std::set<std::string> device_names() {
  std::set<std::string> names;
  for (const std::string& platform : visible_platforms()) {
    const auto store = open_platform(platform);
    if (!store) {
      continue; // ended meanwhile
    }
    for (const store::DeviceRecord& device : store->devices()) {
      if (device.state.load() != store::DeviceState::absent) {
        names.emplace(store->name_of(device).view());
      }
    }
  }
  return names;
}
using ListNames = std::set<std::string> (*)();
constexpr Word<ListNames> kNames[] = {{"platforms", platform_names}, {"devices", device_names}};

class CompletionVerb final : public Verb {
public:
  explicit CompletionVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("completion", "Print the completion script for a shell");
    verb.add_option("shell", shell_, "bash, zsh or fish")->type_name("bash|zsh|fish");
    verb.add_option("--names", names_, "Print the names of what there is instead, a line each")
        ->type_name("platforms|devices");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    if (!names_.empty()) {
      ListNames list = nullptr;
      if (auto read = read_word("--names", names_, kNames, list); !read) {
        return refuse_with({read.error(), kExitRefused});
      }
      for (const std::string& name : list()) {
        fmt::print("{}\n", name);
      }
      return 0;
    }
    if (shell_.empty()) {
      return refuse_with({{EINVAL, "no shell given", "use one of: bash, zsh, fish"}, kExitRefused});
    }
    MakeScript make = nullptr;
    if (auto read = read_word("the shell", shell_, kShells, make); !read) {
      return refuse_with({read.error(), kExitRefused});
    }
    Program program;
    fmt::print("{}", make(verbs_of(program)));
    return 0;
  }

private:
  std::string shell_;
  std::string names_;
};

} // namespace

std::unique_ptr<Verb> add_completion_verb(CLI::App& app) {
  return std::make_unique<CompletionVerb>(app);
}

} // namespace daxemu::cli
