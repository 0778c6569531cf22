// memN below its PCI function, and its node /dev/cxl/memN (drivers/cxl/core/memdev.c; trigger_poison_list is
// drivers/cxl/mem.c's).
#include "emu/base/clock.hpp"
#include "emu/cxl/mailbox/security.hpp"
#include "emu/sysfs/cxl/cxl_firmware_upload.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/tracing/poison_events.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint32_t kNodeMode = 0600; // devtmpfs: cxl_memdev_devnode() asks for none

using cxl::CxlMemdevRecord;

Result<void> show_dev(const Scope& scope, Text& out) {
  memdev_number(scope, out);
  out.put("\n");
  return {};
}
Result<void> show_firmware_version(const Scope& scope, Text& out) {
  out.put(memdev_in(scope).firmware.view()).put("\n");
  return {};
}
template <std::uint64_t CxlMemdevRecord::*Member>
Result<void> show_number(const Scope& scope, Text& out) {
  out.number(memdev_in(scope).*Member).put("\n");
  return {};
}
template <std::uint64_t CxlMemdevRecord::*Member>
Result<void> show_hex(const Scope& scope, Text& out) {
  out.hex(memdev_in(scope).*Member).put("\n");
  return {};
}
Result<void> show_numa_node(const Scope& scope, Text& out) {
  out.number(memdev_in(scope).numa_node).put("\n");
  return {};
}

Result<void> show_security(const Scope& scope, Text& out) {
  out.put(cxl::security_state(memdev_in(scope), clock_ns(CLOCK_BOOTTIME))).put("\n");
  return {};
}
// cxl_mbox_sanitize_work()
std::uint64_t sanitizations(const Scope& scope) {
  return cxl::sanitizations_ended(memdev_in(scope), clock_ns(CLOCK_BOOTTIME));
}
constexpr NodeSpec told_of(NodeSpec spec, Notices notices) {
  spec.notices = notices;
  return spec;
}
// security_sanitize_store()
Result<void> store_sanitize(const Scope& scope, std::string_view text) {
  const auto sanitize = parse_bool(text, scope.store->profile());
  if (!sanitize || !*sanitize) {
    return fail(EINVAL);
  }
  return changing_cxl(scope, [&] { return cxl::sanitize(*scope.store, memdev_in(scope), clock_ns(CLOCK_BOOTTIME)); });
}

Result<void> store_trigger_poison_list(const Scope& scope, std::string_view text) {
  const auto trigger = parse_bool(text, scope.store->profile());
  if (!trigger || !*trigger) {
    return fail(EINVAL);
  }
  return changing_cxl(scope, [&]() -> Result<void> {
    if (cxl::is_kept_busy(*scope.store, memdev_in(scope), clock_ns(CLOCK_BOOTTIME))) {
      return fail(EBUSY); // of the mailbox
    }
    trace_poison_list(scope, memdev_in(scope));
    return {};
  });
}

// The class of service that the platform gives a partition: the mock's (FAKE_QTG_ID), where there is such a partition.
// QEMU's machine has none.
template <std::uint64_t CxlMemdevRecord::*Size>
bool has_qos_class(const Scope& scope) {
  return has_cxl_mock(scope) && memdev_in(scope).*Size != 0 && is_bound<CxlKind::memdev>(scope);
}
constexpr NodeSpec kRamNodes[] = {
    attribute("qos_class", 0444, constant<"42">, nullptr, has_qos_class<&CxlMemdevRecord::ram_size>),
    attribute("size", 0444, show_hex<&CxlMemdevRecord::ram_size>),
};
constinit const Directory kRam = {kRamNodes};
constexpr NodeSpec kPmemNodes[] = {
    attribute("qos_class", 0444, constant<"42">, nullptr, has_qos_class<&CxlMemdevRecord::pmem_size>),
    attribute("size", 0444, show_hex<&CxlMemdevRecord::pmem_size>),
};
constinit const Directory kPmem = {kPmemNodes};
constexpr NodeSpec kSecurityNodes[] = {
    attribute("sanitize", 0200, nullptr, store_sanitize),
    told_of(attribute("state", 0444, show_security), sanitizations),
};
constinit const Directory kSecurity = {kSecurityNodes};
void each_own_name(const Scope& memdev, Members members) {
  NameText name;
  memdev_name(memdev, name);
  members(name.view(), memdev);
}
constexpr Family kUploadFamily[] = {{each_own_name, directory("", kCxlFirmwareUpload)}};
constinit const Directory kFirmware = {{}, kUploadFamily};

constexpr NodeSpec kNodes[] = {
    attribute("dev", 0444, show_dev),
    link("driver", fixed_target<"/sys/bus/cxl/drivers/cxl_mem">, is_bound<CxlKind::memdev>),
    directory("firmware", kFirmware),
    attribute("firmware_version", 0444, show_firmware_version),
    attribute("label_storage_size", 0444, show_number<&CxlMemdevRecord::label_size>),
    attribute("numa_node", 0444, show_numa_node),
    attribute("payload_max", 0444, show_number<&CxlMemdevRecord::payload_max>),
    directory("pmem", kPmem),
    directory("ram", kRam),
    directory("security", kSecurity),
    attribute("serial", 0444, show_hex<&CxlMemdevRecord::serial>),
    link("subsystem", fixed_target<"/sys/bus/cxl">),
    attribute("trigger_poison_list", 0200, nullptr, store_trigger_poison_list, is_bound<CxlKind::memdev>),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::memdev>, store_uevent),
};
constexpr Family kFamilies[] = {{each_nvdimm_of_memdev, directory("", kCxlNvdimm)}};

constexpr Family kDevFamily[] = {{each_memdev, device_node(kNodeMode)}};

} // namespace

constinit const Directory kCxlMemdev = {kNodes, kFamilies};
constinit const Directory kCxlDev = {{}, kDevFamily};

} // namespace daxemu::sysfs
