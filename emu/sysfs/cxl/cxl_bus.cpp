// /sys/bus/cxl: its devices and drivers (cxl_bus_type in drivers/cxl/core/port.c).
#include "emu/cxl/drivers.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlDriver;

constexpr NodeSpec kDeviceNodes[] = {link("nvdimm-bridge0", bridge_path, has_bridge)};
constexpr Family kDeviceFamilies[] = {
    {each_derived, link("", derived_path)}, {each_decoder, link("", decoder_path)},
    {each_memdev, link("", memdev_path)},   {each_nvdimm, link("", nvdimm_path)},
    {each_port, link("", port_path)},       {each_cxl_region, link("", cxl_region_path)},
};
constinit const Directory kDevices = {kDeviceNodes, kDeviceFamilies};

// bind_store(), unbind_store(): sysfs_streq() compares.
std::string_view without_newline(std::string_view text) {
  return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
}
template <CxlDriver Driver>
Result<void> store_bind(const Scope& scope, std::string_view text) {
  return changing_cxl(scope, [&] { return cxl::bind(*scope.store, Driver, without_newline(text)); });
}
template <CxlDriver Driver>
Result<void> store_unbind(const Scope& scope, std::string_view text) {
  return changing_cxl(scope, [&] { return cxl::unbind(*scope.store, Driver, without_newline(text)); });
}
Result<void> store_probe(const Scope& scope, std::string_view text) {
  return changing_cxl(scope, [&] { return cxl::probe(*scope.store, without_newline(text)); });
}
Result<void> show_autoprobe(const Scope& scope, Text& out) {
  out.put(scope.store->cxl().autoprobe_off != 0 ? "0\n" : "1\n");
  return {};
}
// drivers_autoprobe_store() looks at the first character only.
Result<void> store_autoprobe(const Scope& scope, std::string_view text) {
  scope.store->cxl().autoprobe_off = text.starts_with('0') ? 1 : 0;
  return {};
}
// flush_store(): what was queued is done by the time a write returns.
Result<void> store_flush(const Scope&, std::string_view text) {
  return same_text(text, "1") ? Result<void>() : fail(EINVAL);
}

// The members that are bound, of those that the driver is for.
template <CxlKind Kind, void (*Each)(const Scope&, Members), CxlDriver Driver>
void each_bound(const Scope& scope, Members members) {
  constexpr std::string_view kName = cxl::kCxlDriverNames[static_cast<std::size_t>(Driver)];
  Each(scope, [&](std::string_view name, const Scope& member) {
    const store::CxlState& state = member.store->cxl().state;
    const bool has = is_bound<Kind>(member) && cxl_driver(state, Kind, member.cxl) == kName;
    return !has || members(name, member);
  });
}

// A driver with `bind` and `unbind`, and one that has neither (suppress_bind_attrs).
template <CxlDriver Driver, Literal Module>
constexpr NodeSpec kDriverFiles[] = {
    attribute("bind", 0200, nullptr, store_bind<Driver>),
    link("module", fixed_target<Module>),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_unbind<Driver>),
};
template <Literal Module>
constexpr NodeSpec kFixedDriverFiles[] = {
    link("module", fixed_target<Module>),
    attribute("uevent", 0200, nullptr, store_uevent),
};

constexpr Family kPortLinks[] = {{each_bound<CxlKind::port, each_port, CxlDriver::port>, link("", port_path)}};
constinit const Directory kPortDriver = {kDriverFiles<CxlDriver::port, "/sys/module/cxl_port">, kPortLinks};
constexpr Family kMemLinks[] = {{each_bound<CxlKind::memdev, each_memdev, CxlDriver::mem>, link("", memdev_path)}};
constinit const Directory kMemDriver = {kDriverFiles<CxlDriver::mem, "/sys/module/cxl_mem">, kMemLinks};
constexpr Family kRegionLinks[] = {
    {each_bound<CxlKind::region, each_cxl_region, CxlDriver::region>, link("", cxl_region_path)}};
constinit const Directory kRegionDriver = {kDriverFiles<CxlDriver::region, "/sys/module/cxl_core">, kRegionLinks};
constexpr Family kDaxRegionLinks[] = {
    {each_bound<CxlKind::derived, each_derived, CxlDriver::dax_region>, link("", derived_path)}};
constinit const Directory kDaxRegionDriver = {kFixedDriverFiles<"/sys/module/dax_cxl">, kDaxRegionLinks};
constexpr Family kPmemRegionLinks[] = {
    {each_bound<CxlKind::derived, each_derived, CxlDriver::pmem_region>, link("", derived_path)}};
constinit const Directory kPmemRegionDriver = {kFixedDriverFiles<"/sys/module/cxl_pmem">, kPmemRegionLinks};
constexpr Family kNvdimmLinks[] = {
    {each_bound<CxlKind::nvdimm, each_nvdimm, CxlDriver::nvdimm>, link("", nvdimm_path)}};
constinit const Directory kNvdimmDriver = {kFixedDriverFiles<"/sys/module/cxl_pmem">, kNvdimmLinks};

bool is_bridge_bound(const Scope& scope) {
  return is_cxl_bound(scope.store->cxl().state, CxlKind::bridge, 1);
}
constexpr NodeSpec kBridgeDriverFiles[] = {
    link("module", fixed_target<"/sys/module/cxl_pmem">),
    link("nvdimm-bridge0", bridge_path, is_bridge_bound),
    attribute("uevent", 0200, nullptr, store_uevent),
};
constinit const Directory kBridgeDriver = {kBridgeDriverFiles};

constexpr NodeSpec kDriverNodes[] = {
    directory("cxl_dax_region", kDaxRegionDriver),   directory("cxl_mem", kMemDriver),
    directory("cxl_nvdimm", kNvdimmDriver),          directory("cxl_nvdimm_bridge", kBridgeDriver),
    directory("cxl_pmem_region", kPmemRegionDriver), directory("cxl_port", kPortDriver),
    directory("cxl_region", kRegionDriver),
};
constinit const Directory kDrivers = {kDriverNodes};

constexpr NodeSpec kNodes[] = {
    directory("devices", kDevices),
    directory("drivers", kDrivers),
    attribute("drivers_autoprobe", 0644, show_autoprobe, store_autoprobe),
    attribute("drivers_probe", 0200, nullptr, store_probe),
    attribute("flush", 0200, nullptr, store_flush),
    attribute("uevent", 0200, nullptr, store_uevent),
};

} // namespace

constinit const Directory kCxlBus = {kNodes};

} // namespace daxemu::sysfs
