// What a command is run on: a new platform with one device, a named platform, or the machine's own device-dax. Every
// verb that runs a command (run, stat, trace) sets one up, looks at its devices, and lets the command play on it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/stage/child.hpp"
#include "runtime/cli/stage/stage_plan.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {

// Variables beside those that a process has, or in their place.
using Environment = std::vector<std::pair<std::string, std::string>>;

class Stage {
public:
  // Everything that can be refused is refused here, before the command exists. `verb` is whose plan it is. Exit codes
  // 127 and 126 speak of the command, 125 of all else.
  [[nodiscard]] static tl::expected<Stage, Refusal> set_up(const char* verb, const Outcome<StagePlan>& plan,
                                                           const std::vector<std::string>& command);

  // The platform; nullptr on the kernel's own device, of which nothing is known here.
  [[nodiscard]] const store::Store* store() const { return store_ ? &*store_ : nullptr; }
  // Why this stage and no other; empty for a named platform.
  [[nodiscard]] const std::string& why() const { return why_; }

  // Runs the command to its end, with `more` in its environment, on `streams`. Once.
  [[nodiscard]] tl::expected<ChildEnd, Refusal> play(const Environment& more = {}, const Streams& streams = {}) const;

private:
  Stage() = default;
  // A new platform, or the one of that name. Return what DAXEMU_PLATFORM must say.
  [[nodiscard]] Outcome<std::string> build(const PlatformPlan& plan);
  [[nodiscard]] Outcome<std::string> open(const std::string& named);

  Command command_;
  std::optional<store::Store> store_;
  std::string location_; // of its file
  std::chrono::seconds write_back_{0};
  std::vector<UniqueFd> held_; // an ephemeral platform's files live by this process
  std::string why_;
};

} // namespace daxemu::cli
