// Loads a plugin (daxemu/plugin.h) and finds out whether it can be used, with words for a person.
#pragma once

#include <daxemu/plugin.h>

#include "emu/base/result.hpp"
#include "emu/pgmap/memory_types.hpp"

namespace daxemu::api {

inline constexpr const char* kPluginVariable = "DAXEMU_PLUGIN";

struct Plugin {
  daxemu_plugin_ops ops{}; // a copy: fields that the plugin does not know are null
  pgmap::Behaviours behaviours;
};

// dlopen(3) of `path`, which stays loaded; its named type is that of the profile's kernel. Errors (Problem): ELIBACC
// (it cannot be loaded, or is no plugin), ELIBBAD (another ABI, or it refuses ours), EINVAL (its type or set of
// behaviours cannot be).
[[nodiscard]] Outcome<Plugin> load_plugin(const char* path, const Profile& profile);

// Can a device of such extents be what the plugin says? Errors (Problem, EINVAL).
Outcome<void> check_plugin(const Plugin& plugin, std::uint64_t align);

} // namespace daxemu::api
