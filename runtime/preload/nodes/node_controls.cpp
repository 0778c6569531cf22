#include "runtime/preload/nodes/node_controls.hpp"

#include <fcntl.h>
#include <linux/ndctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "emu/cxl/mailbox/dimm.hpp"
#include "emu/cxl/mailbox/mailbox.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/nd/nfit/nfit_control.hpp"
#include "runtime/preload/ground/user_memory.hpp"

namespace daxemu::preload {
namespace {

// NOLINTBEGIN(performance-no-int-to-ptr): addresses come as numbers, as the kernel has them
class OwnMemory final : public UserMemory {
public:
  [[nodiscard]] bool read(void* into, std::uint64_t from, std::size_t size) const override {
    return size == 0 || copy_in(into, reinterpret_cast<const void*>(from), size);
  }
  [[nodiscard]] bool write(std::uint64_t into, const void* from, std::size_t size) const override {
    return size == 0 || copy_out(reinterpret_cast<void*>(into), from, size);
  }
};
// NOLINTEND(performance-no-int-to-ptr)

// An nd bus without commands: __nd_ioctl() looks at the family of a call first, of which it has none either.
Result<void> control_nd_bus(unsigned request, const void* argument) {
  nd_cmd_pkg package;
  if (_IOC_NR(request) != ND_CMD_CALL) {
    return fail(ENOTTY);
  }
  return fail(copy_in(&package, argument, sizeof package) ? EINVAL : EFAULT);
}

} // namespace

Result<void> control_node(const store::Store& store, const sysfs::Node& node, int flags, unsigned request,
                          const void* argument) {
  const auto address = reinterpret_cast<std::uint64_t>(argument);
  const bool read_only = (flags & O_ACCMODE) == O_RDONLY;
  if (node.device == sysfs::kNoDaxDevice) {
    // That of the firmware's DIMMs is the first bus.
    return nd::has_nfit(store) && minor(node.number) == 0
               ? nd::control_nfit_bus(store, {.request = request, .read_only = read_only}, address, OwnMemory())
               : control_nd_bus(request, argument);
  }
  if (const nd::Dimm dimm = nd::dimm_at(store, node.memdev);
      node.device == sysfs::kNdDimmNode && dimm.nfit != nullptr) {
    return nd::control_nfit_dimm(store, *dimm.nfit, {.request = request, .read_only = read_only}, address, OwnMemory());
  }
  cxl::CxlMemdevRecord* memdev = cxl::memdev_at(store, node.memdev);
  if (memdev == nullptr) {
    return fail(ENXIO);
  }
  if (node.device == sysfs::kCxlMemdevNode) {
    return cxl::control_memdev(store, *memdev, request, address, OwnMemory());
  }
  return cxl::control_dimm(store, *memdev, {.request = request, .read_only = read_only}, address, OwnMemory());
}

} // namespace daxemu::preload
