// Where named platforms are kept, and what DAXEMU_PLATFORM may say: a name, or the path of a store.
#pragma once

#include <string_view>

#include "emu/base/result.hpp"
#include "emu/base/text/fixed_string.hpp"

namespace daxemu::store {

using Location = FixedString<256>;

// May a platform be called this? Letters, digits, '-', '_' and '.', not first, at most 32: it becomes a directory's
// and a huge page file's name.
[[nodiscard]] bool is_platform_name(std::string_view name);

// The directory of this user's named platforms: $DAXEMU_HOME, else /dev/shm/daxemu-UID. Nobody else's: ENAMETOOLONG
// when it does not fit, no other error. Does not create it. No allocation.
[[nodiscard]] Result<Location> platforms_directory();

// The store that `text` (DAXEMU_PLATFORM, --platform) means: itself if it has a slash, else the store of the platform
// of that name. Errors: EINVAL (no name), ENAMETOOLONG. No allocation.
[[nodiscard]] Result<Location> store_location(std::string_view text);

// Is `directory` a real directory (no symlink) of this user that nobody else can write to? A named platform in
// anything else is refused. Errors: ENOENT, ENOTDIR, EACCES (another's, or open to others), ELOOP (a symlink).
[[nodiscard]] Result<void> check_private(const char* directory);

// Where a platform called by its name is looked for must be private; a path is the caller's own choice. Errors: those
// of platforms_directory() and check_private(). No allocation.
[[nodiscard]] Result<void> check_location(std::string_view text);

// Makes the directory of named platforms (mode 0700) if it is not there, and checks it.
// Errors: mkdir(2)'s, those of check_private.
Result<void> make_private(const char* directory);

} // namespace daxemu::store
