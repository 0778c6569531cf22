// The machine's own device-dax, while emulated devices stand in their place (mode emulate): a program is to find none
// of them, be it by name in /dev, by number, or through a link of its own. Most machines have none, and pay for
// nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include <sys/stat.h>

namespace daxemu::preload {

class HiddenDevices {
public:
  // Nothing is asked until any() is: a program that names no path has nothing to pay.
  HiddenDevices() = default;
  // For tests: as on a machine whose devices have that major number; -1: on one that has none.
  explicit HiddenDevices(int major) : major_(major) {}

  // Where it turns out that there are none, paths may tell (PlainCalls) as long as none of `binds` is made.
  void let_paths_tell_if_none(const std::atomic<std::uint32_t>& binds) { binds_ = &binds; }

  // Takes no lock and keeps errno: the first path that a program names may be a signal handler's.
  [[nodiscard]] bool any() const noexcept {
    const int known = major_.load(std::memory_order_acquire);
    return (known == kUnknown ? ask() : known) >= 0;
  }
  // Is what stat(2) said of a file said of such a device?
  [[nodiscard]] bool is_one(const struct stat& about) const;
  // Would `name` in `directory` (canonical) be one: /dev/dax1.0, /sys/dev/char/252:0?
  [[nodiscard]] bool is_one(std::string_view directory, std::string_view name) const;
  [[nodiscard]] bool is_one(std::string_view path) const;

private:
  static constexpr int kNone = -1;
  static constexpr int kUnknown = -2;

  // Asks the real /sys/bus/dax: the character devices there have one major number (dax_core_init() in
  // drivers/dax/super.c takes one region of them).
  [[gnu::noinline]] int ask() const noexcept;

  mutable std::atomic<int> major_{kUnknown};
  const std::atomic<std::uint32_t>* binds_ = nullptr;
};

} // namespace daxemu::preload
