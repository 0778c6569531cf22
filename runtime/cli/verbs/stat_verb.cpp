// daxemu stat: what the devices counted while a command ran.
#include <chrono>
#include <cstdio>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "emu/backing/backing.hpp"
#include "emu/dax/device/extents.hpp"
#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/stage/stage.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/cli/verbs/stat_report.hpp"

namespace daxemu::cli {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

int shell_code(ChildEnd end) {
  return WIFSIGNALED(end.status) ? 128 + WTERMSIG(end.status) : WEXITSTATUS(end.status);
}

// All devices of the platform, as counted so far.
std::vector<DeviceStat> devices_of(const store::Store* store) {
  std::vector<DeviceStat> devices;
  if (store == nullptr) {
    return devices;
  }
  for (const store::DeviceRecord& device : store->devices()) {
    if (device.state.load() != store::DeviceState::absent) {
      devices.push_back({std::string(store->name_of(device).view()), device.size.load(), device.align,
                         dax::extent_count(device), backing::to_string(device.backing.kind),
                         std::string(device.backing.reason.view()), totals_of(device)});
    }
  }
  return devices;
}

// Devices may have come meanwhile (daxctl create-device): they began at zero.
void count_from(std::vector<DeviceStat>& devices, const std::vector<DeviceStat>& before) {
  for (DeviceStat& device : devices) {
    for (const DeviceStat& old : before) {
      if (old.name == device.name) {
        device.counted = device.counted.since(old.counted);
      }
    }
  }
}

class StatVerb final : public Verb {
public:
  explicit StatVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("stat", "Count what the devices do while a command runs");
    add_stage_flags(verb, flags_);
    verb.add_flag("--json", json_, "Print JSON");
    verb.add_option("--output,-o", output_, "File the counts go to (default: standard error)")->type_name("FILE");
  }

  [[nodiscard]] bool takes_command() const override { return true; }
  int run(const std::vector<std::string>& command) override {
    const auto stage = Stage::set_up("stat", stage_plan(flags_), command);
    if (!stage) {
      return refuse_with(stage.error());
    }
    std::ofstream file;
    if (!output_.empty()) {
      file.open(output_); // before the command: nobody wants to run it again because of a typing error
      if (!file) {
        complain({errno, fmt::format("--output {} cannot be written", output_), "choose another file"});
        return kExitRefused;
      }
    }
    const std::vector<DeviceStat> before = devices_of(stage->store());
    const auto start = std::chrono::steady_clock::now();
    const auto end = stage->play();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (!end) {
      return refuse_with(end.error());
    }
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used); // the command was our only child
    StatReport report{command,
                      shell_code(*end),
                      {elapsed.count(), seconds(used.ru_utime), seconds(used.ru_stime)},
                      devices_of(stage->store())};
    count_from(report.devices, before);
    const std::string text = json_ ? stat_json(report) : stat_text(report);
    if (output_.empty()) {
      say(text);
    } else if (!(file << text).flush()) {
      complain({EIO, fmt::format("--output {} could not be written in full", output_), "make room and run it again"});
      return kExitRefused;
    }
    end_like(*end);
  }

private:
  StageFlags flags_;
  bool json_ = false;
  std::string output_;
};

} // namespace

std::unique_ptr<Verb> add_stat_verb(CLI::App& app) {
  return std::make_unique<StatVerb>(app);
}

} // namespace daxemu::cli
