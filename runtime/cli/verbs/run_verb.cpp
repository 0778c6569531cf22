// daxemu run: a command that sees a device-dax for as long as it runs; with --kernel all on one kernel after the other.
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/explain/explainer.hpp"
#include "runtime/cli/kernels/every_kernel.hpp"
#include "runtime/cli/stage/stage.hpp"
#include "runtime/cli/state/statistics.hpp"
#include "runtime/cli/text/joined.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

// The flags of the table that --kernel all ends with.
struct TableFlags {
  bool json = false;
  std::string output;
  std::vector<std::string> ignored;

  // The first that was given; empty: none.
  [[nodiscard]] std::string_view given() const {
    return json ? "--json" : !output.empty() ? "--output" : !ignored.empty() ? "--ignore" : "";
  }
};

std::vector<std::string_view> versions() {
  std::vector<std::string_view> all;
  for (const Profile& profile : kProfiles) {
    all.push_back(profile.version);
  }
  return all;
}

class RunVerb final : public Verb {
public:
  explicit RunVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("run", "Run a command that sees an emulated device-dax");
    add_stage_flags(verb, flags_);
    CLI::Option& kernel = *verb.get_option("--kernel");
    kernel.description(kernel.get_description() + fmt::format("; {}: one after the other", kEveryKernel));
    kernel.type_name(fmt::format("{}|{}", joined(versions(), "|"), kEveryKernel));
    verb.add_flag("--stats", stats_, "Print faults, extents and bytes when the command has ended");
    explain_ =
        verb.add_option("--explain", explain_file_,
                        "Say of every call that is refused and every SIGBUS why, where, and what to do: on standard "
                        "error, or to a file")
            ->expected(0, 1)
            ->type_name("FILE");
    verb.add_flag("--verbose,-v", verbose_, "Say what was chosen and why");
    verb.add_option("--ignore", table_.ignored,
                    "With --kernel all: lines of output in which this is found (as by grep -E) are not compared")
        ->expected(1)
        ->take_all()
        ->type_name("REGEX");
    verb.add_flag("--json", table_.json, "With --kernel all: print its table as JSON");
    verb.add_option("--output,-o", table_.output, "With --kernel all: file its table goes to (default: standard error)")
        ->type_name("FILE");
  }

  [[nodiscard]] bool takes_command() const override { return true; }
  int run(const std::vector<std::string>& command) override {
    if (flags_.device.kernel == kEveryKernel) {
      return run_on_every_kernel(command);
    }
    if (const std::string_view flag = table_.given(); !flag.empty()) {
      return refuse_with({{EINVAL, fmt::format("{} is of the table that --kernel {} prints", flag, kEveryKernel),
                           fmt::format("add --kernel {}, or leave it out", kEveryKernel)}});
    }
    const auto stage = Stage::set_up("run", stage_plan(flags_), command);
    if (!stage) {
      return refuse_with(stage.error());
    }
    std::unique_ptr<Explainer> explainer;
    if (explain_->count() > 0 && stage->store() != nullptr) {
      auto started = Explainer::start(*stage->store(), explain_file_);
      if (!started) {
        return refuse_with({started.error()});
      }
      explainer = std::move(*started);
    }
    tell_choice(*stage);
    const auto end = stage->play(explainer ? explainer->environment() : Environment());
    if (explainer) {
      const bool fine = end && WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0;
      if (explainer->finish() == 0 && !fine) {
        note("--explain saw nothing refused; it does not see what the machine's own kernel refuses, nor calls past the "
             "C library (run --intercept kernel sees those): runtime/docs/limits.md");
      }
    }
    if (!end) {
      return refuse_with(end.error());
    }
    if (stage->store() != nullptr && stats_) {
      say(statistics_text(*stage->store()));
    }
    end_like(*end);
  }

private:
  void tell_choice(const Stage& stage) const {
    if (stage.store() == nullptr || (verbose_ && !stage.why().empty())) { // never the real device unannounced
      note(stage.why());
    }
    if (stage.store() == nullptr && explain_->count() > 0) {
      note("what the machine's own device-dax refuses is explained by its kernel: dmesg");
    }
    if (stage.store() != nullptr && verbose_) {
      note(statistics_text(*stage.store()));
    }
  }

  [[nodiscard]] int run_on_every_kernel(const std::vector<std::string>& command) {
    if (explain_->count() > 0) {
      return refuse_with(
          {{EINVAL, fmt::format("--explain is of one kernel, and --kernel {} asks for each", kEveryKernel),
            "choose one of them"}});
    }
    const auto ignored = IgnoredLines::of("--ignore", table_.ignored);
    const auto plans = ignored ? every_kernel_plans(flags_) : tl::unexpected(ignored.error());
    if (!plans) {
      return refuse_with({plans.error()});
    }
    std::ofstream file;
    if (!table_.output.empty()) {
      file.open(table_.output); // before the command: nobody wants to run it again because of a typing error
      if (!file) {
        return refuse_with(
            {{errno, fmt::format("--output {} cannot be written", table_.output), "choose another file"}});
      }
    }
    const bool is_watched = ::isatty(STDERR_FILENO) == 1;
    const auto table = play_on_every_kernel(*plans, command, *ignored, [&](const Stage& stage, std::size_t at) {
      tell_choice(stage);
      if (is_watched && at > 0) { // the first one's output is shown, of the others' there would be no sign
        note(fmt::format("now on {} ({} of {})", stage.store()->profile().name, at + 1, plans->size()));
      }
    });
    if (!table) {
      return refuse_with(table.error());
    }
    if (stats_) {
      for (const KernelRun& run : table->runs) {
        say(run.end ? fmt::format("on {}: {}", run.kernel, run.statistics) : "");
      }
    }
    const std::string text = table_.json ? kernel_table_json(*table) : kernel_table_text(*table);
    if (table_.output.empty()) {
      say(text);
    } else if (!(file << text).flush()) {
      return refuse_with({{EIO, fmt::format("--output {} could not be written in full", table_.output),
                           "make room and run it again"}});
    }
    end_like(table->end());
  }

  StageFlags flags_;
  bool stats_ = false;
  bool verbose_ = false;
  CLI::Option* explain_ = nullptr;
  std::string explain_file_; // empty: standard error
  TableFlags table_;
};

} // namespace

std::unique_ptr<Verb> add_run_verb(CLI::App& app) {
  return std::make_unique<RunVerb>(app);
}

} // namespace daxemu::cli
