// Which paths may be ours, by their text alone: what every program is asked of each path that it opens.
#include <algorithm>
#include <array>
#include <string_view>

#include "emu/base/program/at_start.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/store/node_table.hpp"
#include "emu/sysfs/tree/dev_claims.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::sysfs {
namespace {

// Everything emulated starts with one of these. Shared directories themselves do not.
// As bytes, not as pointers: every program asks this of the paths that it opens in /dev and /sys, and needs no other
// table for it (emu/base/program/later_relocations.hpp).
struct Claim {
  char text[48];
  [[nodiscard]] constexpr std::string_view view() const { return text; }
};
constexpr std::array kClaims = std::to_array<Claim>({
    {"/dev/cxl"},
    {"/dev/dax"},
    {"/dev/ndctl"},
    {"/dev/nmem"},
    {"/dev/pmem"},
    {"/sys/block/pmem"},
    {"/sys/bus/acpi/devices/ACPI001"},
    {"/sys/bus/cxl"},
    {"/sys/bus/dax"},
    {"/sys/bus/memory/devices/"},
    {"/sys/bus/nd"},
    {"/sys/bus/node/devices/"},
    {"/sys/bus/pci/devices/"},
    {"/sys/bus/pci/drivers/cxl_pci"},
    {"/sys/bus/platform/devices/ACPI001"},
    {"/sys/bus/platform/devices/cxl_"},
    {"/sys/bus/platform/devices/e820_pmem"},
    {"/sys/bus/platform/devices/hmem"},
    {"/sys/bus/platform/devices/nfit_test"},
    {"/sys/bus/platform/drivers/cxl_"},
    {"/sys/bus/platform/drivers/e820_pmem"},
    {"/sys/bus/platform/drivers/hmem"},
    {"/sys/class/block/pmem"},
    {"/sys/class/nd"},
    {"/sys/dev/block/259:"},
    {"/sys/dev/char/"},
    {"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI001"},
    {"/sys/devices/pci0000:"},
    {"/sys/devices/platform/ACPI001"},
    {"/sys/devices/platform/cxl_"},
    {"/sys/devices/platform/e820_pmem"},
    {"/sys/devices/platform/hmem"},
    {"/sys/devices/platform/nfit_test"},
    {"/sys/devices/system/memory/"},
    {"/sys/devices/system/node/"},
    {"/sys/kernel/debug/cxl"},
    {"/sys/kernel/tracing"},
    {"/sys/module/cxl_"},
    {"/sys/module/dax_"},
    {"/sys/module/device_dax"},
    {"/sys/module/fsdev_dax"},
    {"/sys/module/kmem"},
    {"/sys/module/libnvdimm"},
    {"/sys/module/nd_"},
});
// Those of /dev come first, and then those of /sys: of a path in one of them, the others need no look.
constexpr bool is_of_dev(std::string_view path) {
  return path[1] == 'd';
}
constexpr auto kFirstOfSys =
    std::find_if_not(kClaims.begin(), kClaims.end(), [](const Claim& claim) { return is_of_dev(claim.view()); });
static_assert(std::all_of(kFirstOfSys, kClaims.end(), [](const Claim& claim) { return claim.text[1] == 's'; }));
static_assert(std::all_of(kClaims.begin(), kFirstOfSys,
                          [](const Claim& claim) { return begins_as_node(claim.text[5], claim.text[6]); }));

} // namespace

DAXEMU_START_PATH bool Tree::may_claim(std::string_view path) {
  constexpr std::size_t kTop = 5; // of "/dev/" and "/sys/", where most of them differ from what a program opens there
  if (path.size() <= kTop || (path[1] != 'd' && path[1] != 's')) {
    return false;
  }
  const auto* const begin = is_of_dev(path) ? kClaims.begin() : kFirstOfSys;
  const auto* const end = is_of_dev(path) ? kFirstOfSys : kClaims.end();
  return std::any_of(
      begin, end, [&](const Claim& claim) { return path[kTop] == claim.text[kTop] && path.starts_with(claim.view()); });
}

DAXEMU_START_PATH bool Tree::may_name_node(const store::Store& store, std::string_view name) {
  return name.starts_with("dax") || name.starts_with("ndctl") || (name.starts_with("nmem") && cxl::is_present(store)) ||
         (store.platform().disks.load(std::memory_order_acquire) != 0 && name.starts_with("pmem")) ||
         (name == "cxl" && cxl::is_present(store)) || store::find_node_name(store, name).has_value();
}

} // namespace daxemu::sysfs
