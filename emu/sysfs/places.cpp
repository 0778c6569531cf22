#include "emu/sysfs/places.hpp"

namespace daxemu::sysfs {

void region_name(const Scope& scope, Text& out) {
  out.put("hmem.").number(scope.region->id);
}
void region_path(const Scope& scope, Text& out) {
  out.put("/sys/devices/platform/");
  region_name(scope, out);
}
void device_name(const Scope& scope, Text& out) {
  out.put("dax").number(scope.region->id).put(".").number(scope.device->id);
}
void device_path(const Scope& scope, Text& out) {
  region_path(scope, out);
  out.put("/");
  device_name(scope, out);
}
void device_number(const Scope& scope, Text& out) {
  out.number(scope.store->platform().dax_major).put(":").number(scope.device->minor);
}

} // namespace daxemu::sysfs
