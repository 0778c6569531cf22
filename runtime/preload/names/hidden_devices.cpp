#include "runtime/preload/names/hidden_devices.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/dax/device/device_name.hpp"

namespace daxemu::preload {
namespace {

constexpr char kBus[] = "/sys/bus/dax/devices";

// The number before the colon; -1: none.
int major_in(std::string_view text) {
  int value = -1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest != text.data() + text.size() && *rest == ':' ? value : -1;
}

// What the device's attribute `dev` says; -1: it has none (a region's seed without a driver has one all the same).
int major_of(const char* device) {
  char path[sizeof kBus + 64];
  std::snprintf(path, sizeof path, "%s/%.40s/dev", kBus, device);
  const auto raw = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return -1;
  }
  const UniqueFd attribute(*raw);
  std::array<std::byte, 32> text{};
  const auto length = sys::pread(attribute.get(), text.data(), text.size(), 0);
  return length ? major_in({reinterpret_cast<const char*>(text.data()), *length}) : -1;
}

} // namespace

DAXEMU_START_PATH HiddenDevices::HiddenDevices() {
  const auto raw = sys::open(kBus, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!raw) {
    return; // no such bus: the usual case
  }
  const UniqueFd bus(*raw);
  alignas(struct dirent64) std::array<char, 1024> buffer;
  for (;;) {
    const auto length = sys::call(SYS_getdents64, bus.get(), reinterpret_cast<long>(buffer.data()), buffer.size());
    if (!length || *length == 0) {
      return;
    }
    for (long at = 0; at < *length;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + at);
      if (entry->d_name[0] != '.' && dax::parse_device_name(entry->d_name)) {
        major_ = major_of(entry->d_name);
        if (any()) {
          return;
        }
      }
      at += entry->d_reclen;
    }
  }
}

bool HiddenDevices::is_one(const struct stat& about) const {
  return any() && S_ISCHR(about.st_mode) && static_cast<int>(major(about.st_rdev)) == major_;
}

bool HiddenDevices::is_one(std::string_view directory, std::string_view name) const {
  if (!any()) {
    return false;
  }
  if (directory == "/dev") {
    return name.starts_with("dax") && dax::parse_device_name(name).has_value();
  }
  return directory == "/sys/dev/char" && major_in(name) == major_;
}

bool HiddenDevices::is_one(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  return any() && slash != std::string_view::npos && is_one(path.substr(0, slash), path.substr(slash + 1));
}

} // namespace daxemu::preload
