// daxemu run: an ephemeral platform with one device, for as long as a command runs.
#include <cstdlib>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "runtime/cli/child.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/device_flags.hpp"
#include "runtime/cli/executable.hpp"
#include "runtime/cli/named_platform.hpp"
#include "runtime/cli/platform_builder.hpp"
#include "runtime/cli/preload_path.hpp"
#include "runtime/cli/statistics.hpp"
#include "runtime/cli/terminal.hpp"
#include "runtime/kernel/mode.hpp"

namespace daxemu::cli {
namespace {

struct Flags {
  DeviceFlags device;
  std::string platform; // excludes the device's flags
  std::string mode;
  bool stats = false;
  bool verbose = false;
};

struct Plan {
  PlatformOptions platform;
  kernel::Mode mode = kernel::Mode::automatic;
  kernel::Wanted wanted;
};

Outcome<Plan> plan_of(const Flags& flags) {
  Plan plan;
  auto platform = platform_options(flags.device);
  if (!platform) {
    return tl::unexpected(platform.error());
  }
  plan.platform = *platform;
  plan.wanted.name = fmt::format("dax{}.{}", platform->device.region, platform->device.id);
  if (!flags.device.size.empty()) { // only what was asked for must fit a real device
    plan.wanted.size = platform->size;
  }
  if (!flags.device.align.empty()) {
    plan.wanted.align = platform->align;
  }
  const char* variable = std::getenv("DAXEMU");
  const std::string mode_text = !flags.mode.empty() ? flags.mode : (variable != nullptr ? variable : "auto");
  auto mode = kernel::parse_mode(mode_text);
  if (!mode) {
    return tl::unexpected(mode.error());
  }
  plan.mode = *mode;
  return plan;
}

int exit_code_for(const Problem& problem) {
  switch (problem.code) {
  case ENOENT:
    return kExitNotFound;
  case EACCES:
  case ENOEXEC:
  case EPERM:
    return kExitNotRunnable;
  default:
    return kExitRefused;
  }
}

class RunVerb final : public Verb {
public:
  explicit RunVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("run", "Run a command that sees an emulated device-dax");
    auto* platform =
        verb.add_option("--platform", flags_.platform, "Use this named platform (daxemu create) in place of a new one");
    for (CLI::Option* of_device : add_device_flags(verb, flags_.device)) {
      platform->excludes(of_device); // what its devices are was said when it was made
    }
    verb.add_option("--mode", flags_.mode, "auto, emulate or kernel (default: the variable DAXEMU, else auto)");
    verb.add_flag("--stats", flags_.stats, "Print faults, extents and bytes when the command has ended");
    verb.add_flag("--verbose,-v", flags_.verbose, "Say what was chosen and why");
    verb.footer("The command follows \"--\": daxemu run --size 2G -- fio job.fio");
  }

  int run(const std::vector<std::string>& command) override {
    if (command.empty()) {
      complain({EINVAL, "run has no command", "put it behind --, as in: daxemu run -- ls -l /dev/dax0.0"});
      return kExitRefused;
    }
    if (!flags_.platform.empty()) {
      return join(command);
    }
    auto plan = plan_of(flags_);
    if (!plan) {
      complain(plan.error());
      return kExitRefused;
    }
    auto choice = kernel::choose(plan->mode, plan->wanted);
    if (!choice) {
      complain(choice.error());
      return kExitRefused;
    }
    return choice->real ? pass_through(*choice, command) : emulate(*plan, *choice, command);
  }

private:
  // The kernel's own device: the command runs as it would without us, and knows it (DAXEMU=kernel).
  int pass_through(const kernel::Choice& choice, const std::vector<std::string>& command) {
    note(choice.why);
    ::unsetenv("DAXEMU_PLATFORM");
    return finish(run_child({command[0], command, {{"DAXEMU", "kernel"}}}));
  }

  // What starting the command takes, found out before anything is built for it.
  struct Launch {
    std::string path;
    std::string library;
  };
  static Outcome<Launch> prepare(const std::string& program) {
    auto path = find_executable(program);
    if (!path) {
      return tl::unexpected(path.error());
    }
    auto library = find_preload_library();
    if (!library) {
      return tl::unexpected(
          Problem{EIO, library.error().what, library.error().remedy}); // ours is missing, not the command
    }
    return Launch{*path, *library};
  }

  int emulate(const Plan& plan, const kernel::Choice& choice, const std::vector<std::string>& command) {
    const auto launch = prepare(command[0]);
    if (!launch) {
      complain(launch.error());
      return exit_code_for(launch.error());
    }
    backing::MemfdSource memory;
    auto platform = build_platform(plan.platform, fmt::format("run-{}", ::getpid()), memory);
    if (!platform) {
      complain(platform.error());
      return kExitRefused;
    }
    if (flags_.verbose) {
      note(choice.why);
    }
    return run_in(*launch, platform->store, platform->location, command);
  }

  // A named platform: what its devices are was said when it was made.
  int join(const std::vector<std::string>& command) {
    const auto launch = prepare(command[0]);
    if (!launch) {
      complain(launch.error());
      return exit_code_for(launch.error());
    }
    auto location = location_of_platform(flags_.platform);
    auto store = open_platform(flags_.platform);
    if (!store) {
      complain(store.error());
      return kExitRefused;
    }
    return run_in(*launch, *store, *location, command);
  }

  int run_in(const Launch& launch, const store::Store& store, const std::string& location,
             const std::vector<std::string>& command) {
    if (flags_.verbose) {
      note(statistics_text(store));
    }
    auto end = run_child({launch.path,
                          command,
                          {{"LD_PRELOAD", preload_value(launch.library, std::getenv("LD_PRELOAD"))},
                           {"DAXEMU_PLATFORM", location},
                           {"DAXEMU", "emulate"}}});
    if (flags_.stats && end) {
      fmt::print(stderr, "{}", statistics_text(store));
    }
    return finish(end);
  }

  static int finish(const Outcome<ChildEnd>& end) {
    if (!end) {
      complain(end.error());
      return exit_code_for(end.error());
    }
    end_like(*end);
  }

  Flags flags_;
};

} // namespace

std::unique_ptr<Verb> add_run_verb(CLI::App& app) {
  return std::make_unique<RunVerb>(app);
}

} // namespace daxemu::cli
