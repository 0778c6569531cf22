// The flags of every verb that runs a command (run, stat, trace, report), and what they ask for: read once, in one
// place.
#pragma once

#include <chrono>
#include <string>

#include "emu/base/result.hpp"
#include "runtime/cli/plan/device_flags.hpp"
#include "runtime/cli/stage/supervised.hpp"
#include "runtime/kernel/mode.hpp"

namespace daxemu::cli {

struct StageFlags {
  DeviceFlags device;
  std::string platform; // excludes the device's flags
  std::string mode;
  std::string intercept = "auto";
  std::string plugin;     // path of a library of pgmap operations; empty: the variable DAXEMU_PLUGIN
  std::string write_back; // seconds between write-backs to an image; empty: 30
  bool pin_sites = false; // the ledger says which code took each hold
};

// --platform, the device's flags and --mode.
void add_stage_flags(CLI::App& verb, StageFlags& flags);

struct StagePlan {
  std::string named;     // the platform to use; empty: a new one, or the machine's own device, by what follows
  PlatformPlan platform; // what to build
  kernel::Mode mode = kernel::Mode::automatic;
  kernel::Wanted wanted;           // what a real device must fit
  std::string plugin;              // absolute unless the loader is to find it; empty: none
  std::chrono::seconds write_back; // between write-backs to an image
  bool pin_sites = false;
  Intercept intercept = Intercept::automatic;
};

// What the flags and the variables DAXEMU and DAXEMU_PLUGIN ask for. Errors (Problem, EINVAL): those of
// read_device_flags and of kernel::parse_mode.
[[nodiscard]] Outcome<StagePlan> stage_plan(const StageFlags& flags);

} // namespace daxemu::cli
