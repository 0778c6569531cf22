// daxemu pins: who holds pages of which device, since when and by which call; what dead processes held is released.
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/cli/verbs/pin_report.hpp"

namespace daxemu::cli {
namespace {

class PinsVerb final : public Verb {
public:
  explicit PinsVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("pins", "List who holds which pages of the devices, and since when");
    verb.add_option("device", devices_, "Devices by name (default: all)")->type_name("DEVICE");
    verb.add_option("--platform", platform_, "Platform's name, or pid of a process in it (default: every platform)")
        ->type_name("PLATFORM");
    verb.add_flag("--json", json_, "Print JSON");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    const auto done = show();
    return done ? 0 : refuse_with({done.error(), kExitRefused});
  }

private:
  Outcome<void> show() {
    std::vector<std::string> platforms = visible_platforms();
    if (!platform_.empty()) {
      auto found = find_platform(platform_);
      if (!found) {
        return tl::unexpected(found.error());
      }
      platforms = {*found};
    }
    std::vector<DevicePins> all;
    for (const std::string& platform : platforms) {
      const auto store = open_platform(platform);
      if (!store) {
        if (platforms.size() == 1) {
          return tl::unexpected(store.error());
        }
        continue; // ended meanwhile, or another user's
      }
      auto pins = read_pins(*store);
      if (!pins) {
        return refuse(pins.error().value, fmt::format("the holders of platform {} cannot be read", platform),
                      "the platform may have ended: try again");
      }
      std::move(pins->begin(), pins->end(), std::back_inserter(all));
    }
    for (const std::string& name : devices_) {
      if (std::none_of(all.begin(), all.end(), [&](const DevicePins& one) { return one.device == name; })) {
        return refuse(ENODEV, fmt::format("no platform has a device {} with memory", name),
                      "daxemu list shows those there are");
      }
    }
    if (!devices_.empty()) {
      std::erase_if(all, [&](const DevicePins& one) {
        return std::find(devices_.begin(), devices_.end(), one.device) == devices_.end();
      });
    }
    if (const std::string released = released_text(all); !released.empty()) {
      note(released);
    }
    fmt::print("{}", json_ ? pins_json(all) : pins_table(all));
    return {};
  }

  std::vector<std::string> devices_;
  std::string platform_;
  bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> add_pins_verb(CLI::App& app) {
  return std::make_unique<PinsVerb>(app);
}

} // namespace daxemu::cli
