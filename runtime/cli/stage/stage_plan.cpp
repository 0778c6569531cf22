#include "runtime/cli/stage/stage_plan.hpp"

#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/api/plugin_file.hpp"
#include "runtime/cli/plan/flag_values.hpp"

namespace daxemu::cli {
namespace {

// The flag's value, else the variable's, else `otherwise`.
std::string or_variable(const std::string& flag, const char* variable, const char* otherwise) {
  const char* value = std::getenv(variable);
  return !flag.empty() ? flag : (value != nullptr ? value : otherwise);
}

constexpr std::chrono::seconds kWriteBack(30);

std::string plugin_path(const std::string& flag) {
  const std::string path = or_variable(flag, api::kPluginVariable, "");
  const bool is_file = !flag.empty() || path.find('/') != std::string::npos;
  return is_file ? std::filesystem::absolute(path).string() : path;
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
  verb.add_option("--intercept", flags.intercept,
                  "By what programs see the devices: a library (libc), the kernel's notifications, for any program "
                  "(kernel), or the library and, for static and Go programs, the kernel (default: auto)")
      ->type_name("auto|libc|kernel");
  verb.add_flag("--pin-sites", flags.pin_sites, "Record which code pins memory of the device, for daxemu pins");
  verb.add_option("--plugin", flags.plugin, "Library of pgmap operations (daxemu/plugin.h) the command is to load")
      ->type_name("FILE");
  verb.add_option("--write-back", flags.write_back,
                  "Seconds between write-backs to an image; 0: only at the end (default 30)")
      ->type_name("SECONDS");
}

Outcome<StagePlan> stage_plan(const StageFlags& flags) {
  StagePlan plan;
  plan.named = flags.platform;
  plan.plugin = plugin_path(flags.plugin);
  plan.pin_sites = flags.pin_sites;
  const auto write_back = seconds_of_flag("--write-back", flags.write_back);
  if (!write_back) {
    return tl::unexpected(write_back.error());
  }
  plan.write_back = write_back->value_or(kWriteBack);
  const auto intercept = parse_intercept(flags.intercept);
  if (!intercept) {
    return tl::unexpected(intercept.error());
  }
  plan.intercept = *intercept;
  if (!plan.named.empty()) { // what its devices are was said when it was made
    return plan;
  }
  auto device = read_device_flags(flags.device);
  if (!device) {
    return tl::unexpected(device.error());
  }
  const auto mode = kernel::parse_mode(or_variable(flags.mode, "DAXEMU", "auto"));
  if (!mode) {
    return tl::unexpected(mode.error());
  }
  // A real device would be something else than several.
  plan.mode = *mode == kernel::Mode::automatic && device->more_than_one ? kernel::Mode::emulate : *mode;
  plan.wanted = {fmt::format("dax{}.{}", device->name.region, device->name.id), device->size, device->align};
  plan.platform = std::move(device->platform);
  return plan;
}

} // namespace daxemu::cli
