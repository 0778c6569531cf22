// daxemu report: a run, or a trace of one, as an HTML file to look at.
#include <fstream>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/report/report_html.hpp"
#include "runtime/cli/report/report_numbers.hpp"
#include "runtime/cli/report/run_history.hpp"
#include "runtime/cli/trace/recording.hpp"

namespace daxemu::cli {
namespace {

Outcome<nlohmann::json> read_trace(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return refuse(errno, fmt::format("the trace {} cannot be read", path), "give a file that daxemu trace wrote");
  }
  auto trace = nlohmann::json::parse(file, nullptr, false);
  if (trace.is_discarded()) {
    return refuse(EINVAL, fmt::format("the trace {} is no JSON", path), "give a file that daxemu trace wrote");
  }
  return trace;
}

class ReportVerb final : public Verb {
public:
  explicit ReportVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("report", "Draw what happens to the devices while a command runs, as HTML");
    verb.add_option("trace", trace_, "A file that daxemu trace wrote, in place of a command")->type_name("FILE");
    add_stage_flags(verb, stage_flags_);
    verb.add_option("--output,-o", output_, "File for the report (default daxemu-report.html)")->type_name("FILE");
    verb.add_option("--against", against_, "Put it beside another run: a report, or a file that daxemu trace wrote")
        ->type_name("FILE");
    add_recording_flags(verb, flags_);
  }

  [[nodiscard]] bool takes_command() const override { return true; }
  int run(const std::vector<std::string>& command) override {
    if (auto fine = check_recording(flags_); !fine) {
      return refuse_with({fine.error(), kExitRefused});
    }
    if (!against_.empty()) { // before the command, and before the output: it may be the same file
      auto read = read_numbers(against_);
      if (!read) {
        return refuse_with({read.error(), kExitRefused});
      }
      before_ = std::move(*read);
    }
    if (!trace_.empty()) {
      return draw_file(command);
    }
    stage_flags_.device.exact = true; // every first touch is an event, none is mapped ahead
    const auto stage = Stage::set_up("report", stage_plan(stage_flags_), command);
    if (!stage) {
      return refuse_with(stage.error());
    }
    std::ofstream file(output_); // before the command: nobody wants to run it again because of a typing error
    if (!file) {
      return refuse_with(unwritable());
    }
    const auto recording = record(*stage, flags_, command);
    if (!recording) {
      return refuse_with(recording.error());
    }
    tell_losses(recording->contents);
    std::stringstream text;
    write_trace(text, recording->contents, recording->about);
    const auto history = history_of(nlohmann::json::parse(text));
    const auto drawn = history ? draw(*history, file) : tl::unexpected(history.error());
    if (!drawn) {
      return refuse_with({drawn.error(), kExitRefused});
    }
    end_like(recording->end);
  }

private:
  [[nodiscard]] Refusal unwritable() const {
    return {{errno, fmt::format("--output {} cannot be written", output_), "choose another file"}, kExitRefused};
  }

  [[nodiscard]] int draw_file(const std::vector<std::string>& command) const {
    if (!command.empty()) {
      return refuse_with(
          {{EINVAL, fmt::format("both a trace, {}, and a command, {}", trace_, command[0]), "leave out one of them"},
           kExitRefused});
    }
    const auto trace = read_trace(trace_);
    const auto history = trace ? history_of(*trace) : tl::unexpected(trace.error());
    if (!history) { // before there is a file
      return refuse_with({history.error(), kExitRefused});
    }
    std::ofstream file(output_);
    if (!file) {
      return refuse_with(unwritable());
    }
    const auto drawn = draw(*history, file);
    return drawn ? 0 : refuse_with({drawn.error(), kExitRefused});
  }

  Outcome<void> draw(const RunHistory& history, std::ofstream& file) const {
    if (!(file << report_html(history, before_ ? &*before_ : nullptr)).flush()) {
      return refuse(EIO, fmt::format("--output {} could not be written in full", output_),
                    "make room and run it again");
    }
    note(fmt::format("the report is in {}", output_));
    return {};
  }

  StageFlags stage_flags_;
  RecordingFlags flags_;
  std::string trace_;
  std::string output_ = "daxemu-report.html";
  std::string against_;
  std::optional<RunNumbers> before_;
};

} // namespace

std::unique_ptr<Verb> add_report_verb(CLI::App& app) {
  return std::make_unique<ReportVerb>(app);
}

} // namespace daxemu::cli
