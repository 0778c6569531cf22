// /sys/bus/dax: its devices and drivers (drivers/base/bus.c and dax_drv_attrs in drivers/dax/bus.c).
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/drivers.hpp"
#include "emu/sysfs/families.hpp"
#include "emu/sysfs/places.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

void each_driver(const Scope& scope, Members members) {
  for (const Driver& driver : kDaxDrivers) {
    Scope narrowed = scope;
    narrowed.driver = &driver;
    if (!members(driver.name, narrowed)) {
      return;
    }
  }
}

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr),   attribute("new_id", 0200, nullptr), attribute("remove_id", 0200, nullptr),
    attribute("uevent", 0200, nullptr), attribute("unbind", 0200, nullptr),
};
constexpr Family kBoundDevices[] = {{each_bound_device, link("", device_path)}};
constinit const Directory kDriver = {kDriverNodes, kBoundDevices};

constexpr Family kDriverFamily[] = {{each_driver, directory("", kDriver)}};
constinit const Directory kDrivers = {{}, kDriverFamily};

constexpr Family kDeviceFamily[] = {{each_device, link("", device_path)}};
constinit const Directory kDevices = {{}, kDeviceFamily};

constexpr NodeSpec kNodes[] = {
    directory("devices", kDevices),
    directory("drivers", kDrivers),
    attribute("drivers_autoprobe", 0644, constant<"1">),
    attribute("drivers_probe", 0200, nullptr),
    attribute("uevent", 0200, nullptr),
};

} // namespace

constinit const Directory kDaxBus = {kNodes};

} // namespace daxemu::sysfs
