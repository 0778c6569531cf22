// The text of a link, as sysfs writes it.
#pragma once

#include <string_view>

#include "emu/sysfs/schema/text.hpp"

namespace daxemu::sysfs {

// How to get from the link at `link` (absolute path) to `target` (absolute path) by "..": up to the nearest directory
// both are below, then down (kernfs_get_target_path in fs/kernfs/symlink.c).
void put_relative(std::string_view link, std::string_view target, Text& out);

} // namespace daxemu::sysfs
