// daxemu trace: every fault, mapping, pin, callback, poisoning and sysfs write while a command runs, as a file for
// Perfetto (ui.perfetto.dev), chrome://tracing and daxemu report.
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/trace/recording.hpp"

namespace daxemu::cli {
namespace {

class TraceVerb final : public Verb {
public:
  explicit TraceVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("trace", "Record what happens to the devices while a command runs");
    add_stage_flags(verb, stage_flags_);
    verb.add_option("--output,-o", output_, "File for the trace (default daxemu-trace.json)")->type_name("FILE");
    add_recording_flags(verb, flags_);
  }

  [[nodiscard]] bool takes_command() const override { return true; }
  int run(const std::vector<std::string>& command) override {
    if (auto fine = check_recording(flags_); !fine) {
      return refuse_with({fine.error(), kExitRefused});
    }
    stage_flags_.device.exact = true; // every first touch is an event, none is mapped ahead
    const auto stage = Stage::set_up("trace", stage_plan(stage_flags_), command);
    if (!stage) {
      return refuse_with(stage.error());
    }
    std::ofstream file(output_); // before the command: nobody wants to run it again because of a typing error
    if (!file) {
      complain({errno, fmt::format("--output {} cannot be written", output_), "choose another file"});
      return kExitRefused;
    }
    const auto recording = record(*stage, flags_, command);
    if (!recording) {
      return refuse_with(recording.error());
    }
    write_trace(file, recording->contents, recording->about);
    if (!file.flush()) {
      complain({EIO, fmt::format("--output {} could not be written in full", output_), "make room and run it again"});
      return kExitRefused;
    }
    note(fmt::format("{} events in {}", recording->contents.events.size(), output_));
    tell_losses(recording->contents);
    end_like(recording->end);
  }

private:
  StageFlags stage_flags_;
  RecordingFlags flags_;
  std::string output_ = "daxemu-trace.json";
};

} // namespace

std::unique_ptr<Verb> add_trace_verb(CLI::App& app) {
  return std::make_unique<TraceVerb>(app);
}

} // namespace daxemu::cli
