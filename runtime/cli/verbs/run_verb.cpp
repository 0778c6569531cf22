// daxemu run: a command that sees a device-dax for as long as it runs.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/stage/stage.hpp"
#include "runtime/cli/state/statistics.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

class RunVerb final : public Verb {
public:
  explicit RunVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("run", "Run a command that sees an emulated device-dax");
    add_stage_flags(verb, flags_);
    verb.add_flag("--stats", stats_, "Print faults, extents and bytes when the command has ended");
    verb.add_flag("--verbose,-v", verbose_, "Say what was chosen and why");
  }

  [[nodiscard]] bool takes_command() const override { return true; }
  int run(const std::vector<std::string>& command) override {
    const auto stage = Stage::set_up("run", stage_plan(flags_), command);
    if (!stage) {
      return refuse_with(stage.error());
    }
    if (stage->store() == nullptr || (verbose_ && !stage->why().empty())) { // never the real device unannounced
      note(stage->why());
    }
    if (stage->store() != nullptr && verbose_) {
      note(statistics_text(*stage->store()));
    }
    const auto end = stage->play();
    if (!end) {
      return refuse_with(end.error());
    }
    if (stage->store() != nullptr && stats_) {
      fmt::print(stderr, "{}", statistics_text(*stage->store()));
    }
    end_like(*end);
  }

private:
  StageFlags flags_;
  bool stats_ = false;
  bool verbose_ = false;
};

} // namespace

std::unique_ptr<Verb> add_run_verb(CLI::App& app) {
  return std::make_unique<RunVerb>(app);
}

} // namespace daxemu::cli
