// daxemu trace: every fault, mapping, pin, callback, poisoning and sysfs write while a command runs, as a file for
// Perfetto (ui.perfetto.dev), chrome://tracing and daxemu report.
#include <algorithm>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/trace/trace.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/stage.hpp"
#include "runtime/cli/terminal.hpp"
#include "runtime/cli/trace/trace_json.hpp"

namespace daxemu::cli {
namespace {

constexpr std::uint64_t kDefaultEvents = 1ULL << 18; // 32M of memory when full
constexpr std::uint64_t kMostEvents = 1ULL << 24;

class TraceVerb final : public Verb {
public:
  explicit TraceVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("trace", "Record what happens to the devices while a command runs");
    add_stage_flags(verb, flags_);
    verb.add_option("--output,-o", output_, "File for the trace (default daxemu-trace.json)");
    verb.add_option("--events", events_, "Newest events to keep (default 262144, 128 bytes each)");
    verb.footer("The command follows \"--\": daxemu trace -o t.json -- fio job.fio; then: daxemu report t.json");
  }

  [[nodiscard]] bool takes_command() const override { return true; }
  int run(const std::vector<std::string>& command) override {
    if (events_ == 0 || events_ > kMostEvents) {
      complain({EINVAL, fmt::format("--events {} is out of range", events_), fmt::format("give 1 to {}", kMostEvents)});
      return kExitRefused;
    }
    const auto stage = Stage::set_up("trace", flags_, command);
    if (!stage) {
      return refuse_with(stage.error());
    }
    if (stage->store() == nullptr) {
      complain({ENOTSUP, "the machine's own device-dax cannot be traced", "use --mode emulate"});
      return kExitRefused;
    }
    std::ofstream file(output_); // before the command: nobody wants to run it again because of a typing error
    if (!file) {
      complain({errno, fmt::format("--output {} cannot be written", output_), "choose another file"});
      return kExitRefused;
    }
    const auto fd = sys::memfd_create("daxemu-trace", MFD_CLOEXEC);
    const UniqueFd owner(fd.value_or(-1));
    const auto ring = fd ? trace::Ring::create(*fd, events_) : tl::unexpected(fd.error());
    if (!ring) {
      complain({ring.error().value, "there is no memory for the events", "give fewer --events"});
      return kExitRefused;
    }
    const auto end = stage->play({{trace::kVariable, fmt::format("/proc/{}/fd/{}", ::getpid(), owner.get())}});
    if (!end) {
      return refuse_with(end.error());
    }
    const trace::Ring::Contents contents = ring->read();
    write_trace(file, contents, {command, traced_devices(*stage->store())});
    if (!file.flush()) {
      complain({EIO, fmt::format("--output {} could not be written in full", output_), "make room and run it again"});
      return kExitRefused;
    }
    note(fmt::format("{} events in {}", contents.events.size(), output_));
    if (contents.overwritten + contents.lost > 0) {
      note(fmt::format("{} older events were overwritten, {} lost; --events keeps more", contents.overwritten,
                       contents.lost));
    }
    end_like(*end);
  }

private:
  StageFlags flags_;
  std::string output_ = "daxemu-trace.json";
  std::uint64_t events_ = kDefaultEvents;
};

} // namespace

std::unique_ptr<Verb> add_trace_verb(CLI::App& app) {
  return std::make_unique<TraceVerb>(app);
}

} // namespace daxemu::cli
