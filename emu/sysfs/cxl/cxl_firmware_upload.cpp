#include "emu/sysfs/cxl/cxl_firmware_upload.hpp"

#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

// fw_upload: nothing is under way.
Result<void> refuse(const Scope&, std::string_view) {
  return fail(EOPNOTSUPP);
}
// cancel_store(): 1, and only while an upload is under way.
Result<void> store_cancel(const Scope&, std::string_view text) {
  return same_text(text, "1") ? fail(ENODEV) : fail(EINVAL);
}
Result<void> show_upload_uevent(const Scope& scope, Text& out) {
  out.put("FIRMWARE=");
  memdev_name(scope, out);
  out.put("\nTIMEOUT=60\nASYNC=0\n");
  return {};
}
store::PowerBits& power_of(const Scope& scope) {
  return scope.store->cxl().memdev_power[scope.cxl - 1];
}

constexpr NodeSpec kNodes[] = {
    attribute("cancel", 0200, nullptr, store_cancel),
    binary("data", 0644, 0, nothing, refuse),
    link("device", memdev_path),
    attribute("error", 0444, nothing),
    attribute("loading", 0644, constant<"0">, refuse),
    directory("power", kPower<power_of>),
    attribute("remaining_size", 0444, constant<"0">),
    attribute("status", 0444, constant<"idle">),
    link("subsystem", fixed_target<"/sys/class/firmware">),
    attribute("uevent", 0644, show_upload_uevent, store_uevent),
};

} // namespace

Result<void> store_sanitize(const Scope& memdev, std::string_view text) {
  const auto sanitize = parse_bool(text);
  if (!sanitize || !*sanitize) {
    return fail(EINVAL);
  }
  const store::CxlPortRecord* endpoint = cxl::port_at(*memdev.store, memdev_in(memdev).endpoint);
  return endpoint != nullptr && endpoint->commit_end != 0 ? fail(EBUSY) : fail(EOPNOTSUPP); // cxl_mem_sanitize()
}

constinit const Directory kCxlFirmwareUpload = {kNodes};

} // namespace daxemu::sysfs
