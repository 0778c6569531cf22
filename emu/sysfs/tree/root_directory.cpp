// The directories every Linux has, down to where emulated things begin.
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint32_t kNodeMode = 0600; // devtmpfs: what a driver that asks for nothing gets

// device_add() makes the node and the number's link for every device with a devt, bound or not.
constexpr std::uint32_t kDiskMode = 0660; // udev's for disks
// devtmpfs makes the directory with the first node in it, and takes it away with the last.
bool has_cxl_nodes(const Scope& scope) {
  bool any = false;
  each_memdev(scope, [&](std::string_view, const Scope&) {
    any = true;
    return false;
  });
  return any;
}
constexpr Family kNodeFamily[] = {
    {each_device, device_node(kNodeMode)},
    {each_disk, block_node(kDiskMode)},
    {each_cxl_ndctl, device_node(kNodeMode)},
    {each_dimm, device_node(kNodeMode)},
};
constexpr NodeSpec kDevNodes[] = {
    directory("cxl", kCxlDev, has_cxl_nodes),
    device_node(kNodeMode, "ndctl0", has_nd_bus),
};
constinit const Directory kDev = {kDevNodes, kNodeFamily};

constexpr Family kNumberFamily[] = {
    {each_device_number, link("", device_path)},       {each_nd_bus_number, link("", ndctl_path)},
    {each_cxl_ndctl_number, link("", cxl_ndctl_path)}, {each_dimm_number, link("", dimm_path)},
    {each_memdev_number, link("", memdev_path)},
};
constinit const Directory kSysDevChar = {{}, kNumberFamily};
constexpr NodeSpec kSysDevNodes[] = {
    shared("block", kBlockNumbers, has_disks),
    shared("char", kSysDevChar),
};
constinit const Directory kSysDev = {kSysDevNodes};

constexpr Family kPlatformDeviceFamily[] = {
    {each_hmem_region, link("", region_path)},
    {each_cxl_acpi, link("", acpi_path)},
    {each_pci_function, link("", pci_path, has_cxl_mock)},
    {each_host_bridge, link("", pci_path, has_cxl_mock)},
};
constexpr NodeSpec kPlatformDeviceNodes[] = {
    link("ACPI0012:00", fixed_target<"/sys/devices/platform/ACPI0012:00">, has_nfit_machine),
    link("e820_pmem", fixed_target<"/sys/devices/platform/e820_pmem">, has_e820),
    link("hmem_platform.0", fixed_target<"/sys/devices/platform/hmem_platform.0">, has_hmem_platform),
    link("nfit_test.0", nfit_path, has_nfit_mock),
};
constinit const Directory kPlatformBusDevices = {kPlatformDeviceNodes, kPlatformDeviceFamily};
constexpr NodeSpec kPlatformDriverNodes[] = {
    directory("cxl_acpi", kCxlAcpiDriver, has_cxl),
    directory("cxl_mock_mem", kCxlMockDriver, has_cxl_mock),
    directory("e820_pmem", kE820PmemDriver),
    directory("hmem", kHmemDriver),
    directory("hmem_platform", kHmemPlatformDriver, has_hmem_platform_driver),
};
constinit const Directory kPlatformDrivers = {kPlatformDriverNodes};
constexpr NodeSpec kPlatformBusNodes[] = {
    shared("devices", kPlatformBusDevices),
    shared("drivers", kPlatformDrivers),
};
constinit const Directory kPlatformBus = {kPlatformBusNodes};
// Things that the firmware tells of are on a bus of its own.
bool has_firmware_nodes(const Scope& scope) {
  return has_cxl_machine(scope) || has_nfit_machine(scope);
}
constexpr NodeSpec kMemoryBusNodes[] = {shared("devices", kMemoryBusDevices)};
constinit const Directory kMemoryBus = {kMemoryBusNodes};
constexpr NodeSpec kNodeBusNodes[] = {shared("devices", kNodeBusDevices)};
constinit const Directory kNodeBus = {kNodeBusNodes};
constexpr NodeSpec kBusNodes[] = {
    shared("acpi", kCxlAcpiBus, has_firmware_nodes),
    directory("cxl", kCxlBus, has_cxl),
    directory("dax", kDaxBus),
    shared("memory", kMemoryBus),
    directory("nd", kNdBus),
    shared("node", kNodeBus),
    shared("pci", kCxlPciBus, has_cxl_machine),
    shared("platform", kPlatformBus),
};
constinit const Directory kBus = {kBusNodes};

constexpr Family kPlatformFamily[] = {
    {each_hmem_region_alone, directory("", kHmemRegion)},
    {each_cxl_acpi, directory("", kCxlPlatform)},
    {each_host_bridge, directory("", kCxlMockDevice, has_cxl_mock)},
};
constexpr NodeSpec kPlatformNodes[] = {
    directory("ACPI0012:00", kNfitPlatform, has_nfit_machine),
    directory("e820_pmem", kE820Pmem, has_e820),
    directory("hmem_platform.0", kHmemPlatform, has_hmem_platform),
    directory("nfit_test.0", kNfitMock, has_nfit_mock),
};
constinit const Directory kPlatform = {kPlatformNodes, kPlatformFamily};
constexpr NodeSpec kSystemNodes[] = {
    shared("memory", kMemoryBlocks),
    shared("node", kMemoryNodes),
};
constinit const Directory kSystem = {kSystemNodes};
constexpr NodeSpec kDevicesNodes[] = {
    shared("LNXSYSTM:00", kCxlFirmware, has_firmware_nodes),
    shared("platform", kPlatform),
    shared("system", kSystem),
};
constexpr Family kDevicesFamily[] = {{each_host_bridge, directory("", kCxlHostBridge, has_cxl_machine)}};
constinit const Directory kDevices = {kDevicesNodes, kDevicesFamily};

constexpr NodeSpec kClassNodes[] = {
    shared("block", kBlockClass, has_disks),
    directory("nd", kNdClass),
};
constinit const Directory kClass = {kClassNodes};

constexpr NodeSpec kDebugNodes[] = {directory("cxl", kCxlDebug)};
constinit const Directory kDebug = {kDebugNodes};
constexpr NodeSpec kKernelNodes[] = {
    shared("debug", kDebug),
    directory("tracing", kTracing),
};
constinit const Directory kKernel = {kKernelNodes};

constexpr NodeSpec kSysNodes[] = {
    shared("block", kBlockClass, has_disks),
    shared("bus", kBus),
    shared("class", kClass),
    shared("dev", kSysDev),
    shared("devices", kDevices),
    shared("kernel", kKernel, has_cxl),
    shared("module", kModules),
};
constinit const Directory kSys = {kSysNodes};

constexpr NodeSpec kRootNodes[] = {
    shared("dev", kDev),
    shared("sys", kSys),
};

} // namespace

constinit const Directory kRoot = {kRootNodes};

} // namespace daxemu::sysfs
