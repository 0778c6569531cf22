// The machine's own device-dax, while emulated devices stand in their place (mode emulate): a program is to find none
// of them, be it by name in /dev, by number, or through a link of its own. Most machines have none, and pay for
// nothing.
#pragma once

#include <string_view>

#include <sys/stat.h>

namespace daxemu::preload {

class HiddenDevices {
public:
  // Asks the real /sys/bus/dax: the character devices there have one major number (dax_core_init() in
  // drivers/dax/super.c takes one region of them).
  HiddenDevices();
  // For tests: as on a machine whose devices have that major number; -1: on one that has none.
  explicit HiddenDevices(int major) : major_(major) {}

  [[nodiscard]] bool any() const { return major_ >= 0; }
  // Is what stat(2) said of a file said of such a device?
  [[nodiscard]] bool is_one(const struct stat& about) const;
  // Would `name` in `directory` (canonical) be one: /dev/dax1.0, /sys/dev/char/252:0?
  [[nodiscard]] bool is_one(std::string_view directory, std::string_view name) const;
  [[nodiscard]] bool is_one(std::string_view path) const;

private:
  int major_ = -1;
};

} // namespace daxemu::preload
