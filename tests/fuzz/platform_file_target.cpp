// The file that describes a platform (--config): whatever it holds is read or refused in one sentence with a remedy,
// and what is read can be built.
#include <memory>
#include <set>
#include <string>

#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/cxl/enumeration/topology.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/plan/platform_file.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace daxemu;
using fuzz::require;

void check_refusal(const Problem& problem) {
  require(problem.code == EINVAL, "a bad file is EINVAL");
  require(problem.what.starts_with("platform.json:"), "a refusal names file and line");
  require(!problem.remedy.empty(), "a refusal has a remedy");
  require(problem.what.find('\n') == std::string::npos && problem.remedy.find('\n') == std::string::npos,
          "a refusal is one line");
}

// The records such a platform has; its devices' files are not made.
void check_buildable(const cli::PlatformPlan& plan) {
  auto fd = sys::memfd_create("fuzz", MFD_CLOEXEC);
  require(fd.has_value(), "a memfd");
  auto store = store::Store::create(UniqueFd(*fd), "fuzz", {.regions = 16, .devices = 64, .processes = 4});
  require(store.has_value(), "a store");
  const auto is_full = [](const Problem& problem) { return problem.code == ENOSPC; };
  for (const cli::RegionPlan& region : plan.regions) {
    std::uint64_t size = 0;
    for (const cli::DevicePlan& device : region.devices) {
      require(dax::check_geometry(device.size, device.align).has_value(), "a device's geometry was checked");
      size = align_up(size, std::max(device.align, kPmdSize)) + device.size;
    }
    size += region.free;
    require(size != 0, "no region is empty");
    const auto added =
        dax::add_region(*store, {.kind = region.kind,
                                 .id = region.id,
                                 .data_size = size,
                                 .align = region.devices.empty() ? kPmdSize : region.devices.front().align});
    require(added || is_full(added.error()), "a region that was read can be added");
    for (const cli::DevicePlan& device : region.devices) {
      dax::DeviceSpec spec;
      spec.name = {region.id, device.id};
      spec.size = device.size;
      spec.align = device.align;
      const auto made = dax::add_device(*store, spec);
      require(made || is_full(made.error()) || !added, "a device that was read can be added");
    }
  }
  if (plan.cxl.is_there()) {
    const auto there = cxl::enumerate(*store, plan.cxl.topology);
    require(there || is_full(there.error()), "a topology that was read can be enumerated");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto plan = cli::parse_platform(text, "platform.json");
  if (!plan) {
    check_refusal(plan.error());
    return 0;
  }
  require(!plan->regions.empty() || plan->cxl.is_there(), "a platform has a region or a CXL bus");
  check_buildable(*plan);
  return 0;
}
