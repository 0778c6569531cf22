#include "runtime/api/plugin_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <dlfcn.h>

#include "emu/base/units.hpp"

namespace daxemu::api {
namespace {

// What any plugin has: the fields up to the first operation.
constexpr std::size_t kLeast = offsetof(daxemu_plugin_ops, opened);

pgmap::SetContext context_of(const daxemu_plugin_ops& ops, unsigned order) {
  return {.order = order,
          .has_folio_free = ops.folio_free != nullptr,
          .has_migrate_to_ram = ops.migrate_to_ram != nullptr,
          .has_owner = true};
}

std::string dl_error() {
  const char* text = ::dlerror();
  return text == nullptr ? "no reason given" : text;
}

} // namespace

Outcome<Plugin> load_plugin(const char* path, const Profile& profile) {
  const std::string name = std::string("the plugin ") + path;
  void* const library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return refuse(ELIBACC, name + " cannot be loaded: " + dl_error(),
                  "give the path of a shared library, or a name that the loader finds");
  }
  auto* const entry = reinterpret_cast<daxemu_plugin_function*>(::dlsym(library, "daxemu_plugin"));
  if (entry == nullptr) {
    return refuse(ELIBACC, name + " exports no daxemu_plugin()", "see daxemu/plugin.h for what a plugin is");
  }
  const daxemu_plugin_ops* const given = entry(DAXEMU_PLUGIN_ABI);
  if (given == nullptr) {
    return refuse(ELIBBAD, name + " cannot work with plugin ABI " + std::to_string(DAXEMU_PLUGIN_ABI),
                  "build it with this version's daxemu/plugin.h");
  }
  if (given->abi != DAXEMU_PLUGIN_ABI || given->struct_size < kLeast) {
    return refuse(ELIBBAD,
                  name + " was built for plugin ABI " + std::to_string(given->abi) + " with " +
                      std::to_string(given->struct_size) + " bytes, this is ABI " + std::to_string(DAXEMU_PLUGIN_ABI),
                  "build it with this version's daxemu/plugin.h");
  }
  Plugin plugin;
  std::memcpy(&plugin.ops, given, std::min<std::size_t>(given->struct_size, sizeof(plugin.ops)));
  const std::string type = given->type == nullptr ? "GENERIC" : given->type;
  if (type == "custom") {
    plugin.behaviours = pgmap::Behaviours::of_bits(given->behaviours);
  } else {
    auto preset = pgmap::preset(type, profile);
    if (!preset) {
      return refuse(preset.error().code, name + ": " + preset.error().what, preset.error().remedy);
    }
    plugin.behaviours = *preset;
  }
  if (auto fine = pgmap::check_set(plugin.behaviours, context_of(plugin.ops, 0)); !fine) {
    return refuse(fine.error().code, name + ": " + fine.error().what, fine.error().remedy);
  }
  return plugin;
}

Outcome<void> check_plugin(const Plugin& plugin, std::uint64_t align) {
  auto fine = pgmap::check_set(plugin.behaviours, context_of(plugin.ops, log2_of(align) - unsigned{kPageShift}));
  if (!fine) {
    return refuse(
        EINVAL, "the plugin's memory cannot have extents of " + std::to_string(align) + " bytes: " + fine.error().what,
        fine.error().remedy);
  }
  return {};
}

} // namespace daxemu::api
