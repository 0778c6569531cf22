// The switch between the kernel's device-dax and ours: DAXEMU=auto|emulate|kernel.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emu/base/result.hpp"
#include "runtime/kernel/real_device.hpp"

namespace daxemu::kernel {

enum class Mode {
  automatic, // the real device where there is one that fits, else the emulator
  emulate,   // the emulator; a real device of that name is hidden
  kernel,    // the real device or nothing
};

// Errors (Problem, EINVAL): names the bad word and the good ones.
[[nodiscard]] Outcome<Mode> parse_mode(std::string_view text);

// What a program needs of its device; nothing said means anything will do.
struct Wanted {
  std::string name; // dax0.0
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> align;
};

struct Choice {
  std::optional<RealDevice> real; // the device to use; nothing: emulate
  std::string why;                // one line for people
};

// Decides. Errors (Problem): ENODEV in kernel mode without such a device, EINVAL when it does not fit.
[[nodiscard]] Outcome<Choice> choose(Mode mode, const Wanted& wanted, const std::string& bus = "/sys/bus/dax/devices");

} // namespace daxemu::kernel
