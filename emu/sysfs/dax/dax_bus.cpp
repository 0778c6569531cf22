// /sys/bus/dax: its devices and drivers (drivers/base/bus.c and dax_drv_attrs in drivers/dax/bus.c).
#include "emu/dax/bind.hpp"
#include "emu/dax/device/references.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

void each_driver(const Scope& scope, Members members) {
  for (const dax::Driver& driver : dax::kDrivers) {
    if (!dax::has_driver(scope.store->profile(), driver)) {
      continue;
    }
    Scope narrowed = scope;
    narrowed.driver = &driver;
    if (!members(driver.name, narrowed)) {
      return;
    }
  }
}

// bind and unbind name a device of the bus.
template <auto Action>
Result<void> store_device_name(const Scope& scope, std::string_view text) {
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  store::DeviceRecord* device = device_called(scope, text);
  return device == nullptr ? trace::because(ENODEV, trace::Reason::no_such_device)
                           : Action(*scope.store, *device, *scope.driver);
}
// The driver's remove() and memunmap_pages() run with no lock of the bus held.
Result<void> store_unbind(const Scope& scope, std::string_view text) {
  const store::DeviceRecord* device = device_called(scope, text);
  auto done = store_device_name<dax::unbind>(scope, text);
  return done && device != nullptr ? dax::await_references(*scope.store, *device) : done;
}
void module_target(const Scope& scope, Text& out) {
  out.put("/sys/module/").put(scope.driver->name);
}

Result<void> store_new_id(const Scope& scope, std::string_view text) {
  const auto id = parse_driver_id(text);
  if (!id) {
    return tl::unexpected(id.error());
  }
  auto change = AnnouncedChange::begin(*scope.store);
  return change ? dax::add_driver_id(*scope.store, *scope.driver, *id) : tl::unexpected(change.error());
}
Result<void> store_remove_id(const Scope& scope, std::string_view text) {
  const auto id = parse_driver_id(text);
  if (!id) {
    return tl::unexpected(id.error());
  }
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  dax::remove_driver_id(*scope.store, *scope.driver, *id);
  return {};
}

Result<void> show_autoprobe(const Scope& scope, Text& out) {
  out.put(scope.store->platform().autoprobe_off != 0 ? "0\n" : "1\n");
  return {};
}
// drivers_autoprobe_store() looks at the first character only.
Result<void> store_autoprobe(const Scope& scope, std::string_view text) {
  scope.store->platform().autoprobe_off = text.starts_with('0') ? 1 : 0;
  return {};
}
Result<void> store_probe(const Scope& scope, std::string_view text) {
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  store::DeviceRecord* device = device_called(scope, text);
  if (device == nullptr) {
    return trace::because(ENODEV, trace::Reason::no_such_device);
  }
  dax::probe(*scope.store, *device);
  return {};
}

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr, store_device_name<dax::bind>),
    link("module", module_target),
    attribute("new_id", 0200, nullptr, store_new_id),
    attribute("remove_id", 0200, nullptr, store_remove_id),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_unbind),
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
    attribute("drivers_autoprobe", 0644, show_autoprobe, store_autoprobe),
    attribute("drivers_probe", 0200, nullptr, store_probe),
    attribute("uevent", 0200, nullptr, store_uevent),
};

} // namespace

constinit const Directory kDaxBus = {kNodes};

} // namespace daxemu::sysfs
