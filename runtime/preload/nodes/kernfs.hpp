// Which file system of /sys an attribute is on: kernfs, but for tracefs and debugfs.
#pragma once

#include <algorithm>
#include <string_view>

namespace daxemu::preload {

// `path` may have in front what the name of a vnode file has there (Node::born).
[[nodiscard]] inline bool is_of_kernfs(std::string_view path) {
  path.remove_prefix(std::min(path.find('/'), path.size()));
  return !path.starts_with("/sys/kernel/tracing/") && !path.starts_with("/sys/kernel/debug/");
}

} // namespace daxemu::preload
