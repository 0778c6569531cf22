// /sys/bus/nd: its devices and drivers.
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/families.hpp"
#include "emu/sysfs/nd_objects.hpp"
#include "emu/sysfs/places.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

// Where an object of a region is: below it.
template <auto Each>
void object_path(const Scope& scope, Text& out) {
  region_path(scope, out);
  Each(scope, [&](std::string_view name, const Scope&) {
    out.put("/").put(name);
    return false;
  });
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
template <auto Each>
constexpr Family links_to = {of_every_region<Each>, link("", object_path<Each>)};

constexpr NodeSpec kDeviceNodes[] = {link("ndbus0", nd_bus_path, has_nd_bus)};
constexpr Family kDeviceFamilies[] = {
    links_to<each_btt>,       links_to<each_nd_dax>, links_to<each_dax_seed>,
    links_to<each_namespace>, links_to<each_pfn>,    {each_pmem_region, link("", region_path)},
};
constinit const Directory kDevices = {kDeviceNodes, kDeviceFamilies};

constexpr NodeSpec kDaxPmemNodes[] = {
    attribute("bind", 0200, nullptr),
    link("module", fixed_target<"/sys/module/dax_pmem">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr),
};
constexpr Family kDaxPmemFamilies[] = {links_to<each_nd_dax>};
constinit const Directory kDaxPmem = {kDaxPmemNodes, kDaxPmemFamilies};

constexpr NodeSpec kNdBusDriverNodes[] = {
    link("module", fixed_target<"/sys/module/libnvdimm">),
    link("ndbus0", nd_bus_path, has_nd_bus),
    attribute("uevent", 0200, nullptr, store_uevent),
};
constinit const Directory kNdBusDriver = {kNdBusDriverNodes};

constexpr NodeSpec kNdPmemNodes[] = {
    attribute("bind", 0200, nullptr),
    link("module", fixed_target<"/sys/module/nd_pmem">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr),
};
constinit const Directory kNdPmem = {kNdPmemNodes};

constexpr NodeSpec kLibnvdimmNodes[] = {
    attribute("bind", 0200, nullptr),
    link("module", fixed_target<"/sys/module/libnvdimm">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr),
};
constexpr Family kRegionLinks[] = {{each_pmem_region, link("", region_path)}};
constinit const Directory kNdRegionDriver = {kLibnvdimmNodes, kRegionLinks};
constinit const Directory kNvdimm = {kLibnvdimmNodes};

constexpr NodeSpec kDriverNodes[] = {
    directory("dax_pmem", kDaxPmem),         directory("nd_bus", kNdBusDriver), directory("nd_pmem", kNdPmem),
    directory("nd_region", kNdRegionDriver), directory("nvdimm", kNvdimm),
};
constinit const Directory kDrivers = {kDriverNodes};

constexpr NodeSpec kNodes[] = {
    directory("devices", kDevices),
    directory("drivers", kDrivers),
    attribute("drivers_autoprobe", 0644, constant<"1">),
    attribute("drivers_probe", 0200, nullptr),
    attribute("uevent", 0200, nullptr, store_uevent),
};

} // namespace

constinit const Directory kNdBus = {kNodes};

} // namespace daxemu::sysfs
