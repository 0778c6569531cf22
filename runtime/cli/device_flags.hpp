// The flags by which `run` and `create` say what device they want, and their meaning.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emu/base/result.hpp"
#include "runtime/cli/platform_builder.hpp"

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace daxemu::cli {

struct DeviceFlags {
  std::string size;
  std::string align;
  std::string device = "dax0.0";
  std::string region = "hmem";
  std::string backing = "auto";
  std::string engine = "auto";
  std::string numa_node;
  std::string image;
  std::string type = kDefaultType;
  std::string snapshot;          // of `run` and its like only: a named platform has nobody to keep writers away
  std::vector<std::string> more; // further devices, NAME=SIZE[,ALIGN]
  std::string free;              // bytes of each hmem region in no device
  bool exact = false;            // nothing is mapped before it is touched
  std::string config;            // a file in place of all these
};

// Returns the options added.
std::vector<CLI::Option*> add_device_flags(CLI::App& verb, DeviceFlags& flags);

// The bytes that `text` says ("2M", "4G"), or nothing if it is empty. Errors (Problem, EINVAL) name `flag`.
[[nodiscard]] Outcome<std::optional<std::uint64_t>> size_of_flag(const char* flag, const std::string& text);

// What the flags ask for; defaults where they say nothing. Errors (Problem, EINVAL) name the flag and the good values.
[[nodiscard]] Outcome<PlatformOptions> platform_options(const DeviceFlags& flags);

// The whole platform: the file of --config, or what platform_options() says with --with and --free.
// Errors (Problem): EINVAL, those of read_platform_file.
[[nodiscard]] Outcome<PlatformPlan> platform_plan(const DeviceFlags& flags);

// Do the flags describe more than one device can be? Then a real device is not meant.
[[nodiscard]] bool describes_platform(const DeviceFlags& flags);

} // namespace daxemu::cli
