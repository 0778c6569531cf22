// The nd bus of the firmware's table of DIMMs: what it hangs below, and the groups that its driver adds to the bus and
// to each DIMM (drivers/acpi/nfit/core.c). What hangs there is ACPI0012:00, in the firmware's tree or, later, the
// platform device beside it, or the platform device of the kernel's own
// mock of such a bus (tools/testing/nvdimm/test/nfit.c).
#include "emu/nd/nfit/health.hpp"
#include "emu/nd/nfit/nfit.hpp"
#include "emu/nd/nfit/nfit_control.hpp"
#include "emu/nd/nfit/nfit_errors.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"

namespace daxemu::sysfs {
namespace {

store::NfitRecord& nfit_of(const Scope& scope) {
  return scope.store->platform().nfit;
}

// scrub_show(): how many were completed. One takes no time, so none is ever seen under way.
Result<void> show_scrub(const Scope& scope, Text& out) {
  out.number(nfit_of(scope).scrubs).put("\n");
  return {};
}
Result<void> store_scrub(const Scope& scope, std::string_view text) {
  const auto value = parse_unsigned(text, 0);
  if (!value) {
    return tl::unexpected(value.error());
  }
  if (*value != 1) {
    return fail(EINVAL);
  }
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  nd::scrub(*scope.store);
  return {};
}
Result<void> show_scrub_mode(const Scope& scope, Text& out) {
  out.number(nfit_of(scope).hw_error_scrub).put("\n");
  return {};
}
// hw_error_scrub_store()
Result<void> store_scrub_mode(const Scope& scope, std::string_view text) {
  const auto value = parse_unsigned(text, 0);
  if (!value) {
    return tl::unexpected(value.error());
  }
  if (*value > 1) {
    return fail(EINVAL);
  }
  nfit_of(scope).hw_error_scrub = static_cast<std::uint32_t>(*value);
  return {};
}
Result<void> show_bus_functions(const Scope& scope, Text& out) {
  (void)scope;
  out.hex(nd::kBusFunctions).put("\n");
  return {};
}
Result<void> show_nfit_provider(const Scope& scope, Text& out) {
  out.put(is_nfit_mock(scope) ? "nfit_test.0\n" : "ACPI.NFIT\n");
  return {};
}

constexpr NodeSpec kBusGroupNodes[] = {
    attribute("dsm_mask", 0444, show_bus_functions),
    attribute("hw_error_scrub", 0644, show_scrub_mode, store_scrub_mode),
    attribute("revision", 0444, constant<"1">),
    attribute("scrub", 0644, show_scrub, store_scrub),
};
constinit const Directory kBusGroup = {kBusGroupNodes};
constinit const Directory kFirmware = {};

constexpr NodeSpec kBusNodes[] = {
    attribute("commands", 0444, constant<"ars_cap ars_start ars_status clear_error cmd_call ">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_bus">),
    directory("firmware", kFirmware),
    directory("nd", kNdCharacter),
    directory("nfit", kBusGroup),
    attribute("provider", 0444, show_nfit_provider),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("uevent", 0644, constant<"DRIVER=nd_bus\nMODALIAS=nd:t0">, store_uevent),
    attribute("wait_probe", 0444, constant<"1">),
};
constexpr Family kBusFamilies[] = {
    {each_nfit_dimm, directory("", kNdDimm)},
    {each_e820_region, directory("", kNdRegion)},
};
constinit const Directory kBus = {kBusNodes, kBusFamilies};

// What of the two the driver has.
bool is_not_in_firmware_tree(const Scope& scope) {
  return !nfit_is_in_firmware_tree(scope);
}
Result<void> show_machine_uevent(const Scope& scope, Text& out) {
  out.put(nfit_is_in_firmware_tree(scope) ? "DRIVER=nfit\n" : "").put("MODALIAS=acpi:ACPI0012:\n");
  return {};
}
Result<void> show_platform_uevent(const Scope& scope, Text& out) {
  out.put(nfit_is_in_firmware_tree(scope) ? "" : "DRIVER=acpi-nfit\n").put("MODALIAS=acpi:ACPI0012:\n");
  return {};
}
constexpr NodeSpec kMachineNodes[] = {
    attribute("hid", 0444, constant<"ACPI0012">),
    attribute("modalias", 0444, constant<"acpi:ACPI0012:">),
    directory("ndbus0", kBus, nfit_is_in_firmware_tree),
    attribute("path", 0444, constant<"\\_SB_.NVDR">),
    link("physical_node", fixed_target<"/sys/devices/platform/ACPI0012:00">),
    link("subsystem", fixed_target<"/sys/bus/acpi">),
    attribute("uevent", 0644, show_machine_uevent, store_uevent),
};
constexpr NodeSpec kPlatformNodes[] = {
    link("firmware_node", fixed_target<"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00">),
    attribute("modalias", 0444, constant<"acpi:ACPI0012:">),
    directory("ndbus0", kBus, is_not_in_firmware_tree),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, show_platform_uevent, store_uevent),
};
constexpr NodeSpec kMockNodes[] = {
    attribute("modalias", 0444, constant<"platform:nfit_test">),
    directory("ndbus0", kBus),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, constant<"MODALIAS=platform:nfit_test">, store_uevent),
};

// Of a DIMM.
const store::NfitDimmRecord& record_in(const Scope& scope) {
  return *dimm_in(scope).nfit;
}
constexpr std::uint32_t swapped(std::uint32_t word) {
  return __builtin_bswap32(word);
}
constexpr std::uint32_t swapped16(std::uint16_t word) {
  return __builtin_bswap16(word);
}
Result<void> show_handle(const Scope& scope, Text& out) {
  out.hex(record_in(scope).handle).put("\n");
  return {};
}
Result<void> show_physical_id(const Scope& scope, Text& out) {
  out.hex(record_in(scope).physical_id).put("\n");
  return {};
}
template <std::uint32_t Value>
Result<void> show_word(const Scope& scope, Text& out) {
  (void)scope;
  out.put("0x").digits(Value, 16, 4).put("\n");
  return {};
}
Result<void> show_serial(const Scope& scope, Text& out) {
  out.put("0x").digits(swapped(record_in(scope).serial), 16, 8).put("\n");
  return {};
}
// id_show()
Result<void> show_id(const Scope& scope, Text& out) {
  const store::NfitDimmRecord& dimm = record_in(scope);
  out.digits(swapped16(dimm.vendor), 16, 4).put("-");
  if (dimm.date_made != 0) {
    out.digits(dimm.place_made, 16, 2).put("-").digits(swapped16(dimm.date_made), 16, 4).put("-");
  }
  out.digits(swapped(dimm.serial), 16, 8).put("\n");
  return {};
}
Result<void> show_vendor(const Scope& scope, Text& out) {
  out.put("0x").digits(swapped16(record_in(scope).vendor), 16, 4).put("\n");
  return {};
}
Result<void> show_functions(const Scope& scope, Text& out) {
  (void)scope;
  out.hex(nd::kDimmFunctions).put("\n");
  return {};
}
// flags_show(): a dirty shutdown is asked for when the driver takes the DIMMs, and there was none then.
constexpr NodeSpec kDimmGroupNodes[] = {
    attribute("device", 0444, show_word<0>),
    attribute("dirty_shutdown", 0444, constant<"42">), // asked for then, too (populate_shutdown_status)
    attribute("dsm_mask", 0444, show_functions),
    attribute("family", 0444, constant<"0">),
    attribute("flags", 0444, constant<"">),
    attribute("format", 0444, show_word<0x0201>),
    attribute("formats", 0444, constant<"1">),
    attribute("handle", 0444, show_handle),
    attribute("id", 0444, show_id),
    attribute("phys_id", 0444, show_physical_id),
    attribute("rev_id", 0444, show_word<swapped16(nd::kNfitRevision)>),
    attribute("serial", 0444, show_serial),
    attribute("subsystem_device", 0444, show_word<0>),
    attribute("subsystem_rev_id", 0444, show_word<0>),
    attribute("subsystem_vendor", 0444, show_word<0>),
    attribute("vendor", 0444, show_vendor),
};

} // namespace

constinit const Directory kNfitMachine = {kMachineNodes};
constinit const Directory kNfitPlatform = {kPlatformNodes};
constinit const Directory kNfitMock = {kMockNodes};
constinit const Directory kNfitDimm = {kDimmGroupNodes};

} // namespace daxemu::sysfs
