// Which file system of /sys an attribute is on: kernfs, but for tracefs and debugfs.
#pragma once

#include <string_view>

namespace daxemu::preload {

[[nodiscard]] inline bool is_of_kernfs(std::string_view path) {
  return !path.starts_with("/sys/kernel/tracing/") && !path.starts_with("/sys/kernel/debug/");
}

} // namespace daxemu::preload
