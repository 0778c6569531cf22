// /sys/module: the modules that serve the buses, as if loaded. libkmod, and with it daxctl, takes `initstate` for the
// truth. Sizes are those of Debian's kernels; `sections` and `notes` (addresses and build ids) are empty.
#include <array>

#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {

struct Module {
  std::string_view name;
  std::array<std::uint32_t, kProfiles.size()> core_size; // bytes, by KernelId; 0: that kernel has it not
  std::string_view bus;                                  // of its drivers
  std::array<std::string_view, 3> drivers;               // links <bus>:<driver>
  std::array<std::string_view, 4> holders;               // modules that use it
  std::string_view parameter;                            // its only one, with its mode and value
  std::uint32_t parameter_mode;
  std::string_view parameter_value;
};

namespace {

constexpr std::array kAll = std::to_array<Module>({
    {"dax_hmem", {16384, 16384, 20480}, "platform", {"hmem", "hmem_platform"}, {}, "region_idle", 0644, "N"},
    {"dax_pmem", {16384, 12288, 12288}, "nd", {"dax_pmem"}, {}, {}, 0, {}},
    {"device_dax", {20480, 20480, 20480}, "dax", {"device_dax"}, {}, {}, 0, {}},
    {"fsdev_dax", {0, 0, 20480}, "dax", {"fsdev_dax"}, {}, {}, 0, {}},
    {"kmem", {16384, 12288, 16384}, "dax", {"kmem"}, {}, {}, 0, {}},
    {"libnvdimm",
     {204800, 241664, 253952},
     "nd",
     {"nd_bus", "nd_region", "nvdimm"},
     {"dax_pmem", "nd_btt", "nd_e820", "nd_pmem"},
     "key_revalidate",
     0444,
     "Y"},
    {"nd_btt", {32768, 36864, 36864}, {}, {}, {"nd_pmem"}, {}, 0, {}},
    {"nd_e820", {16384, 12288, 12288}, "platform", {"e820_pmem"}, {}, {}, 0, {}},
    {"nd_pmem", {24576, 24576, 24576}, "nd", {"nd_pmem"}, {}, {}, 0, {}},
});

std::uint32_t core_size(const Scope& scope, const Module& module) {
  return module.core_size[static_cast<std::size_t>(scope.store->profile().id)];
}

void each_module(const Scope& scope, Members members) {
  for (const Module& module : kAll) {
    if (core_size(scope, module) == 0) {
      continue;
    }
    Scope narrowed = scope;
    narrowed.module = &module;
    if (!members(module.name, narrowed)) {
      return;
    }
  }
}
// Numbers the non-empty words of a list; the scope's number is the index.
template <auto Words>
void each_word(const Scope& scope, std::string_view prefix, std::string_view separator, Members members) {
  const auto& words = scope.module->*Words;
  for (std::size_t at = 0; at < words.size() && !words[at].empty(); ++at) {
    Scope narrowed = scope;
    narrowed.number = at;
    NameText name;
    name.put(prefix).put(separator).put(words[at]);
    if (!members(name.view(), narrowed)) {
      return;
    }
  }
}
void each_driver(const Scope& scope, Members members) {
  const bool has_platform = has_hmem_platform_driver(scope);
  each_word<&Module::drivers>(scope, scope.module->bus, ":", [&](std::string_view name, const Scope& member) {
    return (name == "platform:hmem_platform" && !has_platform) || members(name, member);
  });
}
void each_holder(const Scope& scope, Members members) {
  each_word<&Module::holders>(scope, "", "", members);
}
void driver_target(const Scope& scope, Text& out) {
  out.put("/sys/bus/").put(scope.module->bus).put("/drivers/").put(scope.module->drivers[scope.number]);
}
void holder_target(const Scope& scope, Text& out) {
  out.put("/sys/module/").put(scope.module->holders[scope.number]);
}

Result<void> show_core_size(const Scope& scope, Text& out) {
  out.number(core_size(scope, *scope.module)).put("\n");
  return {};
}
// One reference per holder, and one of nd_e820 by the bus it made.
Result<void> show_refcnt(const Scope& scope, Text& out) {
  std::uint32_t count = scope.module->name == "nd_e820" && has_nd_bus(scope) ? 1 : 0;
  for (const std::string_view holder : scope.module->holders) {
    count += holder.empty() ? 0 : 1;
  }
  out.number(count).put("\n");
  return {};
}
Result<void> show_parameter(const Scope& scope, Text& out) {
  const bool writable = (scope.module->parameter_mode & 0222U) != 0; // region_idle, the only one that is
  const std::string_view idle = scope.store->platform().region_idle != 0 ? "Y" : "N";
  out.put(writable ? idle : scope.module->parameter_value).put("\n");
  return {};
}
Result<void> store_parameter(const Scope& scope, std::string_view text) {
  const auto idle = parse_bool(text);
  if (!idle) {
    return tl::unexpected(idle.error());
  }
  scope.store->platform().region_idle = *idle ? 1 : 0;
  return {};
}
template <std::uint32_t Mode>
void each_parameter(const Scope& scope, Members members) {
  if (!scope.module->parameter.empty() && scope.module->parameter_mode == Mode) {
    members(scope.module->parameter, scope);
  }
}
bool has_parameter(const Scope& scope) {
  return !scope.module->parameter.empty();
}
bool has_driver(const Scope& scope) {
  return !scope.module->drivers[0].empty();
}

// Namespaces of symbols that it imports: libnvdimm, where the kernel says so.
bool imports_symbols(const Scope& scope) {
  return scope.store->profile().modules_say_imports && scope.module->name == "libnvdimm";
}

constexpr Family kDriverFamily[] = {{each_driver, link("", driver_target)}};
constinit const Directory kDrivers = {{}, kDriverFamily};
constexpr Family kHolderFamily[] = {{each_holder, link("", holder_target)}};
constinit const Directory kHolders = {{}, kHolderFamily};
constexpr Family kParameterFamily[] = {
    {each_parameter<0444>, attribute("", 0444, show_parameter)},
    {each_parameter<0644>, attribute("", 0644, show_parameter, store_parameter)},
};
constinit const Directory kParameters = {{}, kParameterFamily};
constinit const Directory kEmpty = {};

constexpr NodeSpec kModuleNodes[] = {
    attribute("coresize", 0444, show_core_size),
    directory("drivers", kDrivers, has_driver),
    directory("holders", kHolders),
    attribute("import_ns", 0444, constant<"DEVMEM">, nullptr, imports_symbols),
    attribute("initsize", 0444, constant<"0">),
    attribute("initstate", 0444, constant<"live">),
    directory("notes", kEmpty),
    directory("parameters", kParameters, has_parameter),
    attribute("refcnt", 0444, show_refcnt),
    directory("sections", kEmpty),
    attribute("taint", 0444, constant<"">),
    attribute("uevent", 0200, nullptr, store_uevent),
};
constinit const Directory kModule = {kModuleNodes};
constexpr Family kModuleFamily[] = {{each_module, directory("", kModule)}};

} // namespace

constinit const Directory kModules = {{}, kModuleFamily};

} // namespace daxemu::sysfs
