#include "runtime/cli/stage.hpp"

#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "runtime/api/plugin_file.hpp"
#include "runtime/cli/background_sync.hpp"
#include "runtime/cli/executable.hpp"
#include "runtime/cli/named_platform.hpp"
#include "runtime/cli/platform_builder.hpp"
#include "runtime/cli/preload_path.hpp"
#include "runtime/kernel/mode.hpp"

namespace daxemu::cli {
namespace {

struct Plan {
  PlatformPlan platform;
  kernel::Mode mode = kernel::Mode::automatic;
  kernel::Wanted wanted;
};

Outcome<Plan> plan_of(const StageFlags& flags) {
  Plan plan;
  const auto platform = platform_options(flags.device);
  if (!platform) {
    return tl::unexpected(platform.error());
  }
  auto whole = platform_plan(flags.device);
  if (!whole) {
    return tl::unexpected(whole.error());
  }
  plan.platform = std::move(*whole);
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
  if (plan.mode == kernel::Mode::automatic && describes_platform(flags.device)) {
    plan.mode = kernel::Mode::emulate; // a real device would be something else
  }
  return plan;
}

tl::unexpected<Refusal> refused(const Problem& problem) {
  return tl::unexpected<Refusal>(Refusal{problem, kExitRefused});
}

// A problem with the command itself.
tl::unexpected<Refusal> not_run(const Problem& problem) {
  switch (problem.code) {
  case ENOENT:
    return tl::unexpected<Refusal>(Refusal{problem, kExitNotFound});
  case EACCES:
  case ENOEXEC:
  case EPERM:
    return tl::unexpected<Refusal>(Refusal{problem, kExitNotRunnable});
  default:
    return refused(problem);
  }
}

// The plugin that is asked for can be used: found out here, where somebody reads the answer. Its path, absolute unless
// the loader is to find it; empty: none.
Outcome<std::string> checked_plugin(const std::string& flag, const PlatformPlan* plan) {
  const char* variable = std::getenv(api::kPluginVariable);
  std::string path = !flag.empty() ? flag : (variable != nullptr ? variable : "");
  if (path.empty()) {
    return path;
  }
  if (!flag.empty() || path.find('/') != std::string::npos) {
    path = std::filesystem::absolute(path).string();
  }
  const auto plugin = api::load_plugin(path.c_str());
  if (!plugin) {
    return tl::unexpected(plugin.error());
  }
  for (const RegionPlan& region : plan == nullptr ? std::vector<RegionPlan>() : plan->regions) {
    for (const DevicePlan& device : region.devices) {
      const std::string name = fmt::format("dax{}.{}", region.id, device.id);
      if (plugin->ops.device == nullptr || plugin->ops.device == name) {
        if (auto fine = api::check_plugin(*plugin, device.align); !fine) {
          return tl::unexpected(fine.error());
        }
      }
    }
  }
  return path;
}

// What a command that sees a platform is started with.
tl::expected<Command, Refusal> under_preload(const StageFlags& flags, const std::vector<std::string>& command) {
  auto path = find_executable(command[0]);
  if (!path) {
    return not_run(path.error());
  }
  auto library = find_preload_library();
  if (!library) {
    return refused(library.error()); // ours is missing, not the command
  }
  Command prepared{
      *path, command, {{"LD_PRELOAD", preload_value(*library, std::getenv("LD_PRELOAD"))}, {"DAXEMU", "emulate"}}};
  if (flags.pin_sites) {
    prepared.environment.emplace_back("DAXEMU_PIN_SITES", "1");
  }
  return prepared;
}

} // namespace

void add_stage_flags(CLI::App& verb, StageFlags& flags) {
  auto* platform =
      verb.add_option("--platform", flags.platform, "Use this named platform (daxemu create) in place of a new one")
          ->type_name("PLATFORM");
  auto* snapshot =
      verb.add_option("--snapshot", flags.device.snapshot,
                      "An image whose contents the device begins with; it stays as it is, changes are lost")
          ->type_name("FILE");
  platform->excludes(snapshot);
  for (CLI::Option* of_device : add_device_flags(verb, flags.device)) {
    platform->excludes(of_device); // what its devices are was said when it was made
  }
  verb.add_option("--mode", flags.mode, "auto, emulate or kernel (default: the variable DAXEMU, else auto)")
      ->type_name("auto|emulate|kernel");
  verb.add_flag("--pin-sites", flags.pin_sites, "Record which code pins memory of the device, for daxemu pins");
  verb.add_option("--plugin", flags.plugin, "Library of pgmap operations (daxemu/plugin.h) the command is to load")
      ->type_name("FILE");
  verb.add_option("--write-back", flags.write_back,
                  "Seconds between write-backs to an image; 0: only at the end (default 30)")
      ->type_name("SECONDS");
}

tl::expected<Stage, Refusal> Stage::set_up(const char* verb, const StageFlags& flags,
                                           const std::vector<std::string>& command) {
  if (command.empty()) {
    return refused({EINVAL, fmt::format("{} has no command", verb),
                    fmt::format("put it behind --, as in: daxemu {} -- ls -l /dev/dax0.0", verb)});
  }
  Stage stage;
  stage.write_back_ = std::chrono::seconds(flags.write_back);
  if (!flags.platform.empty()) { // what its devices are was said when it was made
    auto prepared = under_preload(flags, command);
    if (!prepared) {
      return tl::unexpected(prepared.error());
    }
    const auto plugin = checked_plugin(flags.plugin, nullptr);
    if (!plugin) {
      return refused(plugin.error());
    }
    auto store = open_platform(flags.platform);
    if (!store) {
      return refused(store.error());
    }
    stage.command_ = std::move(*prepared);
    stage.command_.environment.emplace_back("DAXEMU_PLATFORM", *location_of_platform(flags.platform));
    stage.hand_over(*plugin);
    stage.store_ = std::move(*store);
    return stage;
  }
  auto plan = plan_of(flags);
  if (!plan) {
    return refused(plan.error());
  }
  auto choice = kernel::choose(plan->mode, plan->wanted);
  if (!choice) {
    return refused(choice.error());
  }
  stage.why_ = choice->why;
  if (choice->real) { // the command runs as it would without us, and knows it
    ::unsetenv("DAXEMU_PLATFORM");
    stage.command_ = {command[0], command, {{"DAXEMU", "kernel"}}};
    return stage;
  }
  auto prepared = under_preload(flags, command); // found out before anything is built for it
  if (!prepared) {
    return tl::unexpected(prepared.error());
  }
  const auto plugin = checked_plugin(flags.plugin, &plan->platform);
  if (!plugin) {
    return refused(plugin.error());
  }
  backing::MemfdSource memory;
  auto platform = build_platform(plan->platform, fmt::format("run-{}", ::getpid()), memory);
  if (!platform) {
    return refused(platform.error());
  }
  stage.command_ = std::move(*prepared);
  stage.command_.environment.emplace_back("DAXEMU_PLATFORM", platform->location);
  stage.hand_over(*plugin);
  stage.store_ = std::move(platform->store);
  stage.held_ = std::move(platform->held);
  return stage;
}

tl::expected<ChildEnd, Refusal> Stage::play(const std::vector<std::pair<std::string, std::string>>& more) const {
  Command command = command_;
  command.environment.insert(command.environment.end(), more.begin(), more.end());
  if (!store_) {
    auto end = run_child(command);
    return end ? tl::expected<ChildEnd, Refusal>(*end) : not_run(end.error());
  }
  BackgroundSync sync(*store_, write_back_);
  auto end = run_child(command);
  const auto saved = sync.finish();
  if (!end) {
    return not_run(end.error());
  }
  if (!saved) { // whatever the command said: its data is not where it should be
    return refused(saved.error());
  }
  return *end;
}

} // namespace daxemu::cli
