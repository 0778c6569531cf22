// The directories every Linux has, down to where emulated things begin.
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/families.hpp"
#include "emu/sysfs/places.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint32_t kNodeMode = 0600; // devtmpfs: what a driver that asks for nothing gets

// device_add() makes the node and the number's link for every device with a devt, bound or not.
constexpr Family kNodeFamily[] = {{each_device, device_node(kNodeMode)}};
constinit const Directory kDev = {{}, kNodeFamily};

constexpr Family kNumberFamily[] = {{each_device_number, link("", device_path)}};
constinit const Directory kSysDevChar = {{}, kNumberFamily};
constexpr NodeSpec kSysDevNodes[] = {shared("char", kSysDevChar)};
constinit const Directory kSysDev = {kSysDevNodes};

constexpr Family kPlatformDeviceFamily[] = {{each_hmem_region, link("", region_path)}};
constinit const Directory kPlatformBusDevices = {{}, kPlatformDeviceFamily};
constexpr NodeSpec kPlatformDriverNodes[] = {directory("hmem", kHmemDriver)};
constinit const Directory kPlatformDrivers = {kPlatformDriverNodes};
constexpr NodeSpec kPlatformBusNodes[] = {
    shared("devices", kPlatformBusDevices),
    shared("drivers", kPlatformDrivers),
};
constinit const Directory kPlatformBus = {kPlatformBusNodes};
constexpr NodeSpec kBusNodes[] = {
    directory("dax", kDaxBus),
    shared("platform", kPlatformBus),
};
constinit const Directory kBus = {kBusNodes};

constexpr Family kPlatformFamily[] = {{each_hmem_region, directory("", kHmemRegion)}};
constinit const Directory kPlatform = {{}, kPlatformFamily};
constexpr NodeSpec kDevicesNodes[] = {shared("platform", kPlatform)};
constinit const Directory kDevices = {kDevicesNodes};

constexpr NodeSpec kSysNodes[] = {
    shared("bus", kBus),
    shared("dev", kSysDev),
    shared("devices", kDevices),
};
constinit const Directory kSys = {kSysNodes};

constexpr NodeSpec kRootNodes[] = {
    shared("dev", kDev),
    shared("sys", kSys),
};

} // namespace

constinit const Directory kRoot = {kRootNodes};

} // namespace daxemu::sysfs
