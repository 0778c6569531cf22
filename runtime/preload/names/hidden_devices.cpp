#include "runtime/preload/names/hidden_devices.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/dax/device/device_name.hpp"
#include "runtime/preload/ground/plain_calls.hpp"

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

// The major number; -1: there are none. Nothing: this process has no number left to ask by.
DAXEMU_START_PATH std::optional<int> look() {
  const auto raw = sys::open(kBus, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!raw) {
    const bool later = raw.error() == Errno{EMFILE} || raw.error() == Errno{ENFILE};
    return later ? std::nullopt : std::optional(-1); // no such bus: the usual case
  }
  const UniqueFd bus(*raw);
  alignas(struct dirent64) std::array<char, 1024> buffer;
  for (;;) {
    const auto length = sys::call(SYS_getdents64, bus.get(), reinterpret_cast<long>(buffer.data()), buffer.size());
    if (!length || *length == 0) {
      return -1;
    }
    // What had room for any name and has none more to say has said all (kernfs_fop_readdir, filldir64).
    const bool is_last = static_cast<std::size_t>(*length) + sizeof(struct dirent64) <= buffer.size();
    for (long at = 0; at < *length;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + at);
      if (entry->d_name[0] != '.' && dax::parse_device_name(entry->d_name)) {
        if (const int found = major_of(entry->d_name); found >= 0) {
          return found;
        }
      }
      at += entry->d_reclen;
    }
    if (is_last) {
      return -1;
    }
  }
}

} // namespace

DAXEMU_START_PATH int HiddenDevices::ask() const noexcept {
  const int kept = errno;
  const std::optional<int> found = look();
  errno = kept;
  if (!found) {
    return kNone; // asked again next time
  }
  major_.store(*found, std::memory_order_release); // two that ask at once find the same
  if (*found < 0 && binds_ != nullptr) {
    PlainCalls::let_paths_tell(*binds_);
  }
  return *found;
}

bool HiddenDevices::is_one(const struct stat& about) const {
  return any() && S_ISCHR(about.st_mode) && static_cast<int>(major(about.st_rdev)) == major_.load();
}

bool HiddenDevices::is_one(std::string_view directory, std::string_view name) const {
  if (!any()) {
    return false;
  }
  if (directory == "/dev") {
    return name.starts_with("dax") && dax::parse_device_name(name).has_value();
  }
  return directory == "/sys/dev/char" && major_in(name) == major_.load();
}

bool HiddenDevices::is_one(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  return any() && slash != std::string_view::npos && is_one(path.substr(0, slash), path.substr(slash + 1));
}

} // namespace daxemu::preload
