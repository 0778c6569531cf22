#include "runtime/cli/stage/stage.hpp"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runtime/api/plugin_file.hpp"
#include "runtime/cli/images/background_sync.hpp"
#include "runtime/cli/platforms/image_use.hpp"
#include "runtime/cli/platforms/left_mounts.hpp"
#include "runtime/cli/platforms/memdev_files.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"
#include "runtime/cli/platforms/unsaved.hpp"
#include "runtime/cli/stage/descendants.hpp"
#include "runtime/cli/stage/executable.hpp"
#include "runtime/cli/stage/keeper_service.hpp"
#include "runtime/cli/stage/preload_path.hpp"
#include "runtime/cli/stage/unserved_report.hpp"
#include "runtime/preload/process/served_outside.hpp"

namespace daxemu::cli {
namespace {

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

// The platform ends with the command, but not with what could not be written back.
tl::unexpected<Problem> keep(const store::Store& store, const Problem& problem) {
  const auto kept = keep_unsaved(store);
  if (!kept) {
    return refuse(problem.code, problem.what,
                  fmt::format("what was not written back is lost, as it could not be kept in memory either ({}): put "
                              "that right before the next run",
                              kept.error().what));
  }
  return refuse(
      problem.code, problem.what,
      fmt::format("platform {0} keeps what was not written back. {1}, then daxemu sync {0} && daxemu destroy "
                  "{0}; the next run with that image does so first",
                  *kept,
                  problem.code == ENOSPC || problem.code == EDQUOT ? "Make room on the disk" : "Put that right"));
}

// The plugin that is asked for can be used with the devices of `plan`: found out here, where somebody reads the answer.
Outcome<void> check_plugin(const std::string& path, const PlatformPlan& plan) {
  if (path.empty()) {
    return {};
  }
  const auto plugin = api::load_plugin(path.c_str(), profile_of(plan.kernel));
  if (!plugin) {
    return tl::unexpected(plugin.error());
  }
  for (const RegionPlan& region : plan.regions) {
    for (const DevicePlan& device : region.devices) {
      const std::string name = fmt::format("dax{}.{}", region.id, device.id);
      if (plugin->ops.device == nullptr || plugin->ops.device == name) {
        if (auto fine = api::check_plugin(*plugin, device.align); !fine) {
          return fine;
        }
      }
    }
  }
  return {};
}

// The command's file, and whether its calls are to be answered from outside.
struct Found {
  std::string path;
  bool supervised = false;
};
tl::expected<Found, Refusal> find_command(const StagePlan& plan, const std::string& command) {
  auto path =
      find_executable(command, plan.intercept == Intercept::kernel ? Reach::every_program : Reach::with_library);
  const bool past_library = !path && path.error().code == ENOEXEC && plan.intercept == Intercept::automatic;
  if (past_library) {
    if (auto any = find_executable(command, Reach::every_program); any) {
      path = any;
    }
  }
  if (!path) {
    return not_run(path.error());
  }
  const bool supervised = plan.intercept == Intercept::kernel || past_library;
  if (const auto can = supervised ? check_notifications() : Outcome<void>(); !can) {
    return refused(can.error());
  }
  return Found{*path, supervised};
}

// What a command that sees a platform is started with.
tl::expected<Command, Refusal> under_preload(const StagePlan& plan, const std::vector<std::string>& command) {
  const auto found = find_command(plan, command[0]);
  if (!found) {
    return tl::unexpected(found.error());
  }
  auto library = find_preload_library();
  if (!library) {
    return refused(library.error()); // ours is missing, not the command
  }
  Command prepared{found->path,
                   command,
                   {{"LD_PRELOAD", preload_value(*library, std::getenv("LD_PRELOAD"))}, {"DAXEMU", "emulate"}}};
  if (found->supervised) { // its supervisor is started in its place
    prepared.path = "/proc/self/exe";
    prepared.arguments = {"daxemu", kSuperviseWord, "--"};
    prepared.arguments.insert(prepared.arguments.end(), command.begin(), command.end());
    prepared.supervised = true;
  }
  if (plan.intercept == Intercept::automatic) { // what it starts may be static
    std::error_code error;
    const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
    prepared.environment.emplace_back(preload::kEnterVariable, error ? "" : own.string());
  }
  if (plan.pin_sites) {
    prepared.environment.emplace_back("DAXEMU_PIN_SITES", "1");
  }
  if (!plan.plugin.empty()) {
    prepared.environment.emplace_back(api::kPluginVariable, plan.plugin);
  }
  return prepared;
}

} // namespace

tl::expected<Stage, Refusal> Stage::set_up(const char* verb, const Outcome<StagePlan>& plan,
                                           const std::vector<std::string>& command) {
  if (command.empty()) {
    return refused({EINVAL, fmt::format("{} has no command", verb),
                    fmt::format("put it behind --, as in: daxemu {} -- ls -l /dev/dax0.0", verb)});
  }
  if (!plan) {
    return refused(plan.error());
  }
  if (std::getenv(kSupervisedVariable) != nullptr) { // whoever is above would answer for its own platform
    return refused({EBUSY, "the system calls of this process are answered by another daxemu run (--intercept kernel)",
                    "run it outside of that, or that with --intercept libc"});
  }
  Stage stage;
  stage.write_back_ = plan->write_back;
  if (plan->named.empty()) {
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
  }
  auto prepared = under_preload(*plan, command); // found out before anything is built for it
  if (!prepared) {
    return tl::unexpected(prepared.error());
  }
  if (auto plugin = check_plugin(plan->plugin, plan->platform); !plugin) {
    return refused(plugin.error());
  }
  const auto location = plan->named.empty() ? stage.build(plan->platform) : stage.open(plan->named);
  if (!location) {
    return refused(location.error());
  }
  stage.command_ = std::move(*prepared);
  stage.location_ = *location;
  stage.command_.environment.emplace_back("DAXEMU_PLATFORM", *location);
  stage.command_.environment.emplace_back(kKernelVariable, stage.store_->profile().version); // for tests in it
  return stage;
}

Outcome<std::string> Stage::build(const PlatformPlan& plan) {
  if (auto settled = settle_images(plan); !settled) {
    return tl::unexpected(settled.error());
  }
  backing::MemfdSource memory;
  auto platform = build_platform(plan, fmt::format("run-{}", ::getpid()), memory);
  if (!platform) {
    return tl::unexpected(platform.error());
  }
  store_ = std::move(platform->store);
  held_ = std::move(platform->held);
  return platform->location;
}

Outcome<std::string> Stage::open(const std::string& named) {
  auto store = open_platform(named);
  if (!store) {
    return tl::unexpected(store.error());
  }
  store_ = std::move(*store);
  return location_of_platform(named);
}

tl::expected<ChildEnd, Refusal> Stage::play(const Environment& more, const Streams& streams) const {
  Command command = command_;
  command.streams = streams;
  command.environment.insert(command.environment.end(), more.begin(), more.end());
  if (!store_) {
    auto end = run_child(command);
    return end ? tl::expected<ChildEnd, Refusal>(*end) : not_run(end.error());
  }
  // For processes of the command that change their user or their namespaces. Where there can be none it says so too: an
  // environment that is inherited may name another's.
  const auto keeper = KeeperService::start(*store_, location_);
  command.environment.emplace_back(store::kKeeperVariable, keeper == nullptr ? "" : keeper->variable());
  const UnservedReport unserved(*store_);
  BackgroundSync sync(*store_, write_back_);
  if (command.supervised) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  auto end = run_child(command);
  Outcome<void> settled;
  if (const int left = command.supervised ? end_descendants() : 0; left > 0) { // it has been killed
    note(fmt::format("the supervisor has ended before {} of the programs whose calls it answered: they were ended",
                     left));
  }
  if (!held_.empty()) { // the platform ends here
    remove_left_mounts(*store_);
    settled = settle_memdevs(*store_);
  }
  if (const std::string text = unserved.text(); !text.empty()) {
    note(text);
  }
  auto saved = sync.finish();
  if (!saved && !held_.empty()) {
    saved = keep(*store_, saved.error());
  }
  if (!end) {
    return not_run(end.error());
  }
  if (!settled) {
    return refused(settled.error());
  }
  if (!saved) { // whatever the command said: its data is not where it should be
    return refused(saved.error());
  }
  return *end;
}

} // namespace daxemu::cli
