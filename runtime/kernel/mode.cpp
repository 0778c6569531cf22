#include "runtime/kernel/mode.hpp"

#include "emu/base/text/size_text.hpp"

namespace daxemu::kernel {
namespace {

std::string describe(const RealDevice& device) {
  return "/dev/" + device.name + " (" + size_text(device.size) + ", extents of " + size_text(device.align) + ")";
}

// Why `device` is not what was wanted; empty if it is.
std::string misfit(const RealDevice& device, const Wanted& wanted) {
  if (!is_usable(device)) {
    return device.name + " is not bound to device_dax with a node in /dev";
  }
  if (wanted.align && *wanted.align != device.align) {
    return describe(device) + " does not have --align " + size_text(*wanted.align);
  }
  if (wanted.size && *wanted.size > device.size) {
    return describe(device) + " is smaller than --size " + size_text(*wanted.size);
  }
  return {};
}

} // namespace

Outcome<Mode> parse_mode(std::string_view text) {
  if (text == "auto") {
    return Mode::automatic;
  }
  if (text == "emulate") {
    return Mode::emulate;
  }
  if (text == "kernel") {
    return Mode::kernel;
  }
  return refuse(EINVAL, "DAXEMU or --mode is '" + std::string(text) + "'", "use auto, emulate or kernel");
}

Outcome<Choice> choose(Mode mode, const Wanted& wanted, const std::string& bus) {
  if (mode == Mode::emulate) {
    return Choice{std::nullopt, "emulating " + wanted.name + ", as asked"};
  }
  const auto device = real_device(wanted.name, bus);
  const std::string problem = device ? misfit(*device, wanted) : "this machine has no device-dax named " + wanted.name;
  if (problem.empty()) {
    return Choice{*device, "using the kernel's own " + describe(*device)};
  }
  if (mode == Mode::kernel) {
    return refuse(device ? EINVAL : ENODEV, problem, "bind or reconfigure one with daxctl, or use --mode emulate");
  }
  return Choice{std::nullopt, problem + ": emulating it"};
}

} // namespace daxemu::kernel
