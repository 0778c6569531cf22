// Platforms with a name: a directory of this user's that holds the store and the devices' files, until destroyed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"

namespace daxemu::cli {

// Builds the platform `name`: all of it, or nothing is left behind. Errors (Problem): EINVAL (no good name), EEXIST,
// EACCES (the directory of platforms is not this user's alone), those of build_platform.
// Room::part: the devices may be larger than the directory's file system, as no more of them is ever filled than
// somebody sees to.
enum class Room : std::uint8_t { all, part };
[[nodiscard]] Outcome<store::Store> create_named(const std::string& name, const PlatformPlan& plan,
                                                 Room room = Room::all);

// Removes it with its bytes. Errors (Problem): ENOENT, EBUSY (processes use it; `force` removes it under them).
Outcome<void> destroy_named(const std::string& name, bool force);

// The names of this user's platforms, sorted.
[[nodiscard]] std::vector<std::string> named_platforms();

// Opens the platform that `text` (a name, or a store's path) means. Errors (Problem): ENOENT, those of Store::open.
[[nodiscard]] Outcome<store::Store> open_platform(const std::string& text);

// The store file that `text` means, as DAXEMU_PLATFORM has it for children.
[[nodiscard]] Outcome<std::string> location_of_platform(const std::string& text);

// Pids of live processes that use the platform.
[[nodiscard]] std::vector<int> users_of(const store::Store& store);

} // namespace daxemu::cli
