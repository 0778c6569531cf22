// /sys/module: the modules that serve the buses, as if loaded. libkmod, and with it daxctl, takes `initstate` for the
// truth. Sizes are those of Debian's kernels; `sections` and `notes` (addresses and build ids) are empty.
#include <array>

#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {

struct Module {
  enum class Kind : std::uint8_t { loaded, of_cxl, part_of_kernel }; // the last two where there is CXL
  std::string_view name;
  std::array<std::uint32_t, kProfiles.size()> core_size; // bytes, by KernelId; 0: that kernel has it not
  std::string_view bus;                                  // of its drivers
  std::array<std::string_view, 3> drivers;               // links <bus>:<driver>
  std::array<std::string_view, 4> holders;               // modules that use it
  std::string_view parameter;                            // its only one, with its mode and value
  std::uint32_t parameter_mode;
  std::string_view parameter_value;
  Kind kind = Kind::loaded;
  std::string_view cxl_holder = {}; // a module of CXL that uses it, if there is CXL
  std::string_view imports = {};    // namespaces of symbols, where the kernel says so
};

namespace {

constexpr std::array kAll = std::to_array<Module>({
    {"cxl_acpi", {0, 24576, 28672}, "platform", {"cxl_acpi"}, {}, {}, 0, {}, Module::Kind::of_cxl, {}, "ACPI\nCXL"},
    {"cxl_core", {}, "cxl", {"cxl_region"}, {}, "media_ready_timeout", 0644, "60", Module::Kind::part_of_kernel},
    {"cxl_mem", {0, 12288, 16384}, "cxl", {"cxl_mem"}, {}, {}, 0, {}, Module::Kind::of_cxl, "cxl_pci", "CXL"},
    {"cxl_pci",
     {0, 28672, 28672},
     "pci",
     {"cxl_pci"},
     {},
     "mbox_ready_timeout",
     0644,
     "60",
     Module::Kind::of_cxl,
     {},
     "CXL"},
    {"cxl_pmem",
     {0, 24576, 24576},
     "cxl",
     {"cxl_nvdimm", "cxl_nvdimm_bridge", "cxl_pmem_region"},
     {},
     {},
     0,
     {},
     Module::Kind::of_cxl,
     "cxl_acpi",
     "CXL"},
    {"cxl_port", {}, "cxl", {"cxl_port"}, {}, {}, 0, {}, Module::Kind::part_of_kernel},
    {"dax_cxl", {0, 12288, 12288}, "cxl", {"cxl_dax_region"}, {}, {}, 0, {}, Module::Kind::of_cxl, {}, "CXL"},
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
     "Y",
     Module::Kind::loaded,
     "cxl_pmem",
     "DEVMEM"},
    {"nd_btt", {32768, 36864, 36864}, {}, {}, {"nd_pmem"}, {}, 0, {}},
    {"nd_e820", {16384, 12288, 12288}, "platform", {"e820_pmem"}, {}, {}, 0, {}},
    {"nd_pmem", {24576, 24576, 24576}, "nd", {"nd_pmem"}, {}, {}, 0, {}},
});

std::uint32_t core_size(const Scope& scope, const Module& module) {
  return module.core_size[static_cast<std::size_t>(scope.store->profile().id)];
}

bool is_there(const Scope& scope, const Module& module) {
  if (module.kind != Module::Kind::loaded && !has_cxl(scope)) {
    return false;
  }
  return module.kind == Module::Kind::part_of_kernel || core_size(scope, module) != 0;
}
void each_module(const Scope& scope, Members members) {
  for (const Module& module : kAll) {
    if (!is_there(scope, module)) {
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
// libnvdimm's is cxl_pmem; those among the modules of CXL are of kernels where these need each other.
bool has_cxl_holder(const Scope& scope) {
  const Module& module = *scope.module;
  return !module.cxl_holder.empty() && has_cxl(scope) &&
         (module.kind == Module::Kind::loaded || scope.store->profile().cxl_modules_need_each_other);
}
void each_holder(const Scope& scope, Members members) {
  each_word<&Module::holders>(scope, "", "", members);
}
void each_cxl_holder(const Scope& scope, Members members) {
  if (has_cxl_holder(scope)) {
    members(scope.module->cxl_holder, scope);
  }
}
void cxl_holder_target(const Scope& scope, Text& out) {
  out.put("/sys/module/").put(scope.module->cxl_holder);
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
  std::uint32_t count = scope.module->name == "nd_e820" && has_e820(scope) ? 1 : 0;
  count += has_cxl_holder(scope) ? 1 : 0;
  if (scope.module->name == "cxl_pmem") {
    each_derived(scope, [&](std::string_view name, const Scope& region) { // nd_region_create() takes it
      count += name.starts_with("pmem_") && is_bound<CxlKind::derived>(region) ? 1 : 0;
      return true;
    });
  }
  for (const std::string_view holder : scope.module->holders) {
    count += holder.empty() ? 0 : 1;
  }
  out.number(count).put("\n");
  return {};
}
// The only one that is remembered.
bool is_idle(const Module& module) {
  return module.parameter == "region_idle";
}
Result<void> show_parameter(const Scope& scope, Text& out) {
  const std::string_view idle = scope.store->platform().region_idle != 0 ? "Y" : "N";
  out.put(is_idle(*scope.module) ? idle : scope.module->parameter_value).put("\n");
  return {};
}
Result<void> store_parameter(const Scope& scope, std::string_view text) {
  if (!is_idle(*scope.module)) {
    return fail(EOPNOTSUPP); // how long to wait for a device: none is slow here
  }
  const auto idle = parse_bool(text, scope.store->profile());
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

bool imports_symbols(const Scope& scope) {
  return scope.store->profile().modules_say_imports && !scope.module->imports.empty();
}
Result<void> show_imports(const Scope& scope, Text& out) {
  out.put(scope.module->imports).put("\n");
  return {};
}
// One that is part of the kernel says little.
bool is_loaded(const Scope& scope) {
  return scope.module->kind != Module::Kind::part_of_kernel;
}

constexpr Family kDriverFamily[] = {{each_driver, link("", driver_target)}};
constinit const Directory kDrivers = {{}, kDriverFamily};
constexpr Family kHolderFamily[] = {
    {each_holder, link("", holder_target)},
    {each_cxl_holder, link("", cxl_holder_target)},
};
constinit const Directory kHolders = {{}, kHolderFamily};
constexpr Family kParameterFamily[] = {
    {each_parameter<0444>, attribute("", 0444, show_parameter)},
    {each_parameter<0644>, attribute("", 0644, show_parameter, store_parameter)},
};
constinit const Directory kParameters = {{}, kParameterFamily};
constinit const Directory kEmpty = {};

constexpr NodeSpec kModuleNodes[] = {
    attribute("coresize", 0444, show_core_size, nullptr, is_loaded),
    directory("drivers", kDrivers, has_driver),
    directory("holders", kHolders, is_loaded),
    attribute("import_ns", 0444, show_imports, nullptr, imports_symbols),
    attribute("initsize", 0444, constant<"0">, nullptr, is_loaded),
    attribute("initstate", 0444, constant<"live">, nullptr, is_loaded),
    directory("notes", kEmpty, is_loaded),
    directory("parameters", kParameters, has_parameter),
    attribute("refcnt", 0444, show_refcnt, nullptr, is_loaded),
    directory("sections", kEmpty, is_loaded),
    attribute("taint", 0444, constant<"">, nullptr, is_loaded),
    attribute("uevent", 0200, nullptr, store_uevent),
};
constinit const Directory kModule = {kModuleNodes};
constexpr Family kModuleFamily[] = {{each_module, directory("", kModule)}};

} // namespace

constinit const Directory kModules = {{}, kModuleFamily};

} // namespace daxemu::sysfs
