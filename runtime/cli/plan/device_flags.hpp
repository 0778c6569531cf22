// The flags by which `run` and `create` say what device they want, and their meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emu/base/result.hpp"
#include "runtime/cli/plan/cxl/cxl_flags.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace daxemu::cli {

// --kernel's word for every kernel, one after the other: `run` takes it.
inline constexpr std::string_view kEveryKernel = "all";

struct DeviceFlags {
  std::string size;
  std::string align;
  std::string device = "dax0.0";
  std::string region = "hmem";
  std::string backing = "auto";
  std::string engine = "auto";
  std::string numa_node;
  std::string driver; // empty: device_dax
  std::string kernel; // empty: the variable DAXEMU_KERNEL, else the default
  std::string image;
  std::string type{kDefaultType};
  std::string snapshot;          // of `run` and its like only: a named platform has nobody to keep writers away
  std::vector<std::string> more; // further devices, NAME=SIZE[,ALIGN]
  std::string free;              // bytes of each hmem region in no device
  bool exact = false;            // nothing is mapped before it is touched
  CxlFlags cxl;
  std::string config; // a file in place of all these but the kernel
};

// Returns the options added.
std::vector<CLI::Option*> add_device_flags(CLI::App& verb, DeviceFlags& flags);

// What the flags ask for.
struct DeviceWish {
  PlatformPlan platform;              // all of it; defaults where the flags say nothing
  dax::DeviceName name;               // of the first device
  std::optional<std::uint64_t> size;  // bytes, where it was asked for
  std::optional<std::uint64_t> align; // bytes, where it was asked for
  bool more_than_one = false;         // --with, --free, --region cxl or --config: a real device is not meant
};

// Reads all of them, the file of --config too. Errors (Problem): EINVAL (they name the flag and the good values), those
// of read_platform_file, of geometry_of_image.
[[nodiscard]] Outcome<DeviceWish> read_device_flags(const DeviceFlags& flags);

} // namespace daxemu::cli
