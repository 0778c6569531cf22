#include "emu/sysfs/cxl/cxl_firmware_upload.hpp"

#include "emu/base/clock.hpp"
#include "emu/cxl/mailbox/firmware.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

std::uint64_t now() {
  return clock_ns(CLOCK_BOOTTIME);
}
cxl::Upload upload_in(const Scope& memdev) {
  return cxl::upload_of(memdev_in(memdev), now());
}

// cancel_store()
Result<void> store_cancel(const Scope& scope, std::string_view text) {
  const auto cancel = parse_bool(text, scope.store->profile());
  if (!cancel || !*cancel) {
    return fail(EINVAL);
  }
  return changing_cxl(scope, [&] { return cxl::cancel_upload(memdev_in(scope), now()); });
}
// firmware_data_write(): whatever the bytes are, they are taken.
Result<void> store_data(const Scope& scope, std::string_view) {
  return changing_cxl(scope, [&] {
    const auto added = cxl::add_firmware(memdev_in(scope), scope.written.size(), now());
    if (added) {
      memdev_in(scope).mailbox.fw_hash.add(scope.written);
    }
    return added;
  });
}
Result<void> show_loading(const Scope& scope, Text& out) {
  out.put(cxl::is_loading(memdev_in(scope)) ? "1\n" : "0\n");
  return {};
}
Result<void> store_loading(const Scope& scope, std::string_view text) {
  return changing_cxl(scope, [&]() -> Result<void> {
    cxl::set_loading(*scope.store, memdev_in(scope), text, now());
    return {};
  });
}
Result<void> show_status(const Scope& scope, Text& out) {
  out.put(cxl::name_of(upload_in(scope).stage)).put("\n");
  return {};
}
Result<void> show_remaining(const Scope& scope, Text& out) {
  out.number(upload_in(scope).remaining).put("\n");
  return {};
}
// error_show(): where it failed, and why; EBUSY while it goes on.
Result<void> show_error(const Scope& scope, Text& out) {
  const cxl::Upload upload = upload_in(scope);
  if (upload.stage != cxl::UploadStage::idle) {
    return fail(EBUSY);
  }
  if (upload.error != cxl::UploadError::none) {
    out.put(cxl::name_of(upload.failed_in)).put(":").put(cxl::name_of(upload.error)).put("\n");
  }
  return {};
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
    binary("data", 0644, 0, nothing, store_data),
    link("device", memdev_path),
    attribute("error", 0444, show_error),
    attribute("loading", 0644, show_loading, store_loading),
    directory("power", kPower<power_of>),
    attribute("remaining_size", 0444, show_remaining),
    attribute("status", 0444, show_status),
    link("subsystem", fixed_target<"/sys/class/firmware">),
    attribute("uevent", 0644, show_upload_uevent, store_uevent),
};

} // namespace

constinit const Directory kCxlFirmwareUpload = {kNodes};

} // namespace daxemu::sysfs
