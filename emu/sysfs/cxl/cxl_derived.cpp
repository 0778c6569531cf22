// What leads from the cxl bus to others: nvdimm-bridge0 and pmemN to the nd bus (drivers/cxl/core/pmem.c), dax_regionN
// and pmem_regionN of a region to the dax and nd buses (drivers/cxl/core/region.c).
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

template <CxlKind Kind, Literal Type, Literal Alias, Literal Driver>
constexpr NodeSpec kNodes[] = {
    attribute("devtype", 0444, constant<Type>),
    link("driver", fixed_target<Driver>, is_bound<Kind>),
    attribute("modalias", 0444, constant<Alias>),
    link("subsystem", fixed_target<"/sys/bus/cxl">),
    attribute("uevent", 0644, show_cxl_uevent<Kind>, store_uevent),
};

// The dax region that a region has become, with its devices.
void with_region(const Scope& scope, FunctionRef<void(const Scope&)> action) {
  const std::uint32_t number = cxl_region_in(scope).region;
  if (number != 0 && number <= scope.store->regions().size()) {
    Scope narrowed = scope;
    narrowed.region = &scope.store->regions()[number - 1];
    action(narrowed);
  }
}
void each_group(const Scope& scope, Members members) {
  with_region(scope, [&](const Scope& region) { members("dax_region", region); });
}
void each_dax_device(const Scope& scope, Members members) {
  with_region(scope, [&](const Scope& region) { each_device(region, members); });
}
constexpr Family kBridgeFamilies[] = {{each_cxl_nd_bus, directory("", kCxlNdBus)}};
constexpr Family kDaxFamilies[] = {
    {each_dax_device, directory("", kDaxDevice)},
    {each_group, directory("", kDaxRegion)},
};

} // namespace

constinit const Directory kCxlBridge = {
    kNodes<CxlKind::bridge, "cxl_nvdimm_bridge", "cxl:t1", "/sys/bus/cxl/drivers/cxl_nvdimm_bridge">, kBridgeFamilies};
constinit const Directory kCxlNvdimm = {
    kNodes<CxlKind::nvdimm, "cxl_nvdimm", "cxl:t2", "/sys/bus/cxl/drivers/cxl_nvdimm">};
constinit const Directory kCxlPmemRegion = {
    kNodes<CxlKind::derived, "cxl_pmem_region", "cxl:t7", "/sys/bus/cxl/drivers/cxl_pmem_region">};
constinit const Directory kCxlDaxRegion = {
    kNodes<CxlKind::derived, "cxl_dax_region", "cxl:t8", "/sys/bus/cxl/drivers/cxl_dax_region">, kDaxFamilies};

} // namespace daxemu::sysfs
