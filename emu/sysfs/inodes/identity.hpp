// What stat(2) tells apart nodes by.
#pragma once

#include <cstdint>
#include <string_view>

namespace daxemu::sysfs {

// A number for the path, in a range that no inode of the real sysfs or devtmpfs reaches (theirs count up from 1).
[[nodiscard]] std::uint64_t inode_of(std::string_view path);
// The same of `directory` + "/" + `name`.
[[nodiscard]] std::uint64_t inode_of(std::string_view directory, std::string_view name);

} // namespace daxemu::sysfs
