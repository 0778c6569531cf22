// What a command is run on: a new platform with one device, a named platform, or the machine's own device-dax. Every
// verb that runs a command (run, stat, trace) sets one up, looks at its devices, and lets the command play on it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/child.hpp"
#include "runtime/cli/device_flags.hpp"
#include "runtime/cli/terminal.hpp"

namespace daxemu::cli {

struct StageFlags {
  DeviceFlags device;
  std::string platform; // excludes the device's flags
  std::string mode;
  std::string plugin;       // path of a library of pgmap operations; empty: the variable DAXEMU_PLUGIN
  unsigned write_back = 30; // seconds between write-backs to an image
  bool pin_sites = false;   // the ledger says which code took each hold
};

// --platform, the device's flags and --mode.
void add_stage_flags(CLI::App& verb, StageFlags& flags);

class Stage {
public:
  // Everything that can be refused is refused here, before the command exists. `verb` is whose flags they are. Exit
  // codes 127 and 126 speak of the command, 125 of all else.
  [[nodiscard]] static tl::expected<Stage, Refusal> set_up(const char* verb, const StageFlags& flags,
                                                           const std::vector<std::string>& command);

  // The platform; nullptr on the kernel's own device, of which nothing is known here.
  [[nodiscard]] const store::Store* store() const { return store_ ? &*store_ : nullptr; }
  // Why this stage and no other; empty for a named platform.
  [[nodiscard]] const std::string& why() const { return why_; }

  // Runs the command to its end, with `more` in its environment. Once.
  [[nodiscard]] tl::expected<ChildEnd, Refusal>
  play(const std::vector<std::pair<std::string, std::string>>& more = {}) const;

private:
  Stage() = default;
  // The command is to load this plugin; empty: none.
  void hand_over(const std::string& plugin) {
    if (!plugin.empty()) {
      command_.environment.emplace_back("DAXEMU_PLUGIN", plugin);
    }
  }

  Command command_;
  std::optional<store::Store> store_;
  std::chrono::seconds write_back_{0};
  std::vector<UniqueFd> held_; // an ephemeral platform's files live by this process
  std::string why_;
};

} // namespace daxemu::cli
