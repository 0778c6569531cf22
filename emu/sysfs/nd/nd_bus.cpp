// /sys/bus/nd: its devices and drivers.
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/nd/nd_drivers.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

using store::NdKind;

// Where an object of a region is: below it.
void holder_object_path(const Scope& scope, Text& out) {
  region_path(scope, out);
  out.put("/");
  holder_name(scope, out);
}
void namespace_path(const Scope& scope, Text& out) {
  region_path(scope, out);
  out.put("/");
  namespace_name(scope, out);
}
// The same kind of object of every region.
template <auto Each>
void of_every_region(const Scope& scope, Members members) {
  each_pmem_region(scope, [&](std::string_view, const Scope& region) {
    bool go_on = true;
    Each(region, [&](std::string_view name, const Scope& object) { return go_on = members(name, object); });
    return go_on;
  });
}

template <NdDriver Driver>
Result<void> store_bind(const Scope& scope, std::string_view text) {
  return bind_nd(scope, Driver, text);
}
template <NdDriver Driver>
Result<void> store_unbind(const Scope& scope, std::string_view text) {
  return unbind_nd(scope, Driver, text);
}
Result<void> show_autoprobe(const Scope& scope, Text& out) {
  out.put(scope.store->platform().nd_autoprobe_off != 0 ? "0\n" : "1\n");
  return {};
}
// drivers_autoprobe_store() looks at the first character only.
Result<void> store_autoprobe(const Scope& scope, std::string_view text) {
  scope.store->platform().nd_autoprobe_off = text.starts_with('0') ? 1 : 0;
  return {};
}

constexpr NodeSpec kDeviceNodes[] = {link("ndbus0", nd_bus_path, has_nd_bus)};
constexpr Family kDeviceFamilies[] = {
    {each_cxl_nd_bus, link("", cxl_nd_bus_path)},
    {each_dimm, link("", dimm_path)},
    {of_every_region<each_nd_holder<NdKind::btt>>, link("", holder_object_path)},
    {of_every_region<each_nd_holder<NdKind::dax>>, link("", holder_object_path)},
    {of_every_region<each_namespace>, link("", namespace_path)},
    {of_every_region<each_nd_holder<NdKind::pfn>>, link("", holder_object_path)},
    {each_pmem_region, link("", region_path)},
};
constinit const Directory kDevices = {kDeviceNodes, kDeviceFamilies};

template <NdDriver Driver, Literal Module>
constexpr NodeSpec kDriverFiles[] = {
    attribute("bind", 0200, nullptr, store_bind<Driver>),
    link("module", fixed_target<Module>),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_unbind<Driver>),
};
constexpr Family kDaxPmemFamilies[] = {{of_every_region<each_bound_dax>, link("", holder_object_path)}};
constinit const Directory kDaxPmem = {kDriverFiles<NdDriver::dax_pmem, "/sys/module/dax_pmem">, kDaxPmemFamilies};

constexpr NodeSpec kNdBusDriverNodes[] = {
    link("module", fixed_target<"/sys/module/libnvdimm">),
    link("ndbus0", nd_bus_path, has_nd_bus),
    attribute("uevent", 0200, nullptr, store_uevent),
};
constexpr Family kNdBusDriverFamilies[] = {{each_cxl_nd_bus, link("", cxl_nd_bus_path)}};
constinit const Directory kNdBusDriver = {kNdBusDriverNodes, kNdBusDriverFamilies};
constexpr Family kNdPmemFamilies[] = {{each_raw_namespace, link("", namespace_path)},
                                      {of_every_region<each_bound_block>, link("", holder_object_path)}};
constinit const Directory kNdPmem = {kDriverFiles<NdDriver::nd_pmem, "/sys/module/nd_pmem">, kNdPmemFamilies};
constexpr Family kRegionLinks[] = {{each_bound_region, link("", region_path)}};
constinit const Directory kNdRegionDriver = {kDriverFiles<NdDriver::nd_region, "/sys/module/libnvdimm">, kRegionLinks};
constexpr Family kDimmLinks[] = {{each_bound_dimm, link("", dimm_path)}};
constinit const Directory kNvdimm = {kDriverFiles<NdDriver::nvdimm, "/sys/module/libnvdimm">, kDimmLinks};

constexpr NodeSpec kDriverNodes[] = {
    directory("dax_pmem", kDaxPmem),         directory("nd_bus", kNdBusDriver), directory("nd_pmem", kNdPmem),
    directory("nd_region", kNdRegionDriver), directory("nvdimm", kNvdimm),
};
constinit const Directory kDrivers = {kDriverNodes};

constexpr NodeSpec kNodes[] = {
    directory("devices", kDevices),
    directory("drivers", kDrivers),
    attribute("drivers_autoprobe", 0644, show_autoprobe, store_autoprobe),
    attribute("drivers_probe", 0200, nullptr, probe_nd),
    attribute("uevent", 0200, nullptr, store_uevent),
};

} // namespace

constinit const Directory kNdBus = {kNodes};

} // namespace daxemu::sysfs
