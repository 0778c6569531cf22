// ndbusN below nvdimm-bridge0 and its character device (drivers/cxl/pmem.c).
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_dev(const Scope& scope, Text& out) {
  out.number(scope.store->platform().nd_major).put(":").number(scope.number).put("\n");
  return {};
}
Result<void> show_ndctl_uevent(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(scope.store->platform().nd_major).put("\nMINOR=").number(scope.number);
  out.put("\nDEVNAME=ndctl").number(scope.number).put("\n");
  return {};
}
constexpr NodeSpec kNdctlNodes[] = {
    attribute("dev", 0444, show_dev),
    link("device", cxl_nd_bus_path),
    link("subsystem", fixed_target<"/sys/class/nd">),
    attribute("uevent", 0644, show_ndctl_uevent, store_uevent),
};
constinit const Directory kNdctl = {kNdctlNodes};
constexpr Family kNdFamilies[] = {{each_cxl_ndctl, directory("", kNdctl)}};
constinit const Directory kNd = {{}, kNdFamilies};
constinit const Directory kFirmware = {};

// The mock says so in its place (mock_nvdimm_bus_register() in tools/testing/cxl/test/mock.c).
Result<void> show_provider(const Scope& scope, Text& out) {
  out.put(has_cxl_mock(scope) ? "cxl_test\n" : "CXL\n");
  return {};
}

constexpr NodeSpec kBusNodes[] = {
    attribute("commands", 0444, constant<"">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_bus">),
    directory("firmware", kFirmware),
    directory("nd", kNd),
    attribute("provider", 0444, show_provider),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("uevent", 0644, constant<"DRIVER=nd_bus\nMODALIAS=nd:t0">, store_uevent),
    attribute("wait_probe", 0444, constant<"1">),
};
constexpr Family kBusFamilies[] = {
    {each_cxl_dimm, directory("", kNdDimm)},
    {each_cxl_nd_region, directory("", kNdRegion)},
};

} // namespace

constinit const Directory kCxlNdBus = {kBusNodes, kBusFamilies};

} // namespace daxemu::sysfs
