#include "runtime/preload/nodes/node_controls.hpp"

#include <fcntl.h>
#include <linux/ndctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "emu/cxl/mailbox/dimm.hpp"
#include "emu/cxl/mailbox/mailbox.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/nd/nfit/nfit_control.hpp"

namespace daxemu::preload {
namespace {

// An nd bus without commands: __nd_ioctl() looks at the family of a call first, of which it has none either.
Result<void> control_nd_bus(unsigned request, std::uint64_t argument, const UserMemory& memory) {
  nd_cmd_pkg package;
  if (_IOC_NR(request) != ND_CMD_CALL) {
    return fail(ENOTTY);
  }
  return fail(memory.read(&package, argument, sizeof package) ? EINVAL : EFAULT);
}

} // namespace

Result<void> control_node(const store::Store& store, const sysfs::Node& node, int flags, unsigned request,
                          std::uint64_t argument, const UserMemory& memory) {
  const bool read_only = (flags & O_ACCMODE) == O_RDONLY;
  if (node.device == sysfs::kNoDaxDevice) {
    // That of the firmware's DIMMs is the first bus.
    return nd::has_nfit(store) && minor(node.number) == 0
               ? nd::control_nfit_bus(store, {.request = request, .read_only = read_only}, argument, memory)
               : control_nd_bus(request, argument, memory);
  }
  if (const nd::Dimm dimm = nd::dimm_at(store, node.memdev);
      node.device == sysfs::kNdDimmNode && dimm.nfit != nullptr) {
    return nd::control_nfit_dimm(store, *dimm.nfit, {.request = request, .read_only = read_only}, argument, memory);
  }
  cxl::CxlMemdevRecord* memdev = cxl::memdev_at(store, node.memdev);
  if (memdev == nullptr) {
    return fail(ENXIO);
  }
  if (node.device == sysfs::kCxlMemdevNode) {
    return cxl::control_memdev(store, *memdev, request, argument, memory);
  }
  return cxl::control_dimm(store, *memdev, {.request = request, .read_only = read_only}, argument, memory);
}

} // namespace daxemu::preload
