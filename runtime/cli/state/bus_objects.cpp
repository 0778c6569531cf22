#include "runtime/cli/state/bus_objects.hpp"

#include <fmt/format.h>

#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "runtime/cli/state/cxl_json.hpp"
#include "runtime/cli/text/joined.hpp"

namespace daxemu::cli {
namespace {

namespace nd = dax::nd;

BusObject namespace_object(const store::Store& store, const store::RegionRecord& space) {
  const store::RegionRecord& region = nd::region_of_namespace(store, space);
  BusObject object{.name = fmt::format("namespace{}.{}", region.id, space.nd.namespace_id),
                   .size = space.size,
                   .kind = "raw",
                   .state = "disabled",
                   .of = fmt::format("region{}", region.id),
                   .device = ""};
  const store::NdHolderRecord* holder = nd::holder_of_namespace(store, space);
  if (holder != nullptr && holder->kind == store::NdKind::dax) {
    object.kind = "devdax";
    if (const store::DeviceRecord* device = holder->bound != 0 ? nd::device_of(store, space) : nullptr) {
      object.state = "enabled";
      object.device = store.name_of(*device).view();
    }
  } else if (holder != nullptr && holder->kind != store::NdKind::none) {
    object.kind = holder->kind == store::NdKind::pfn ? "fsdax" : "sector";
    object.state = holder->bound != 0 ? "enabled" : "disabled";
    object.device = holder->bound != 0 ? "a disk" : "";
  } else if (space.nd.disk != 0) {
    object.state = "enabled";
    object.device = "a disk";
  }
  return object;
}

} // namespace

std::vector<BusObject> cxl_regions(const store::Store& store) {
  std::vector<BusObject> found;
  const auto bus = cxl_json(store);
  if (bus.is_null()) {
    return found;
  }
  for (const auto& region : bus["regions"]) {
    found.push_back({.name = region["region"],
                     .size = region["size"],
                     .kind = region["type"],
                     .state = region["decode_state"],
                     .of = joined(region["memdevs"].get<std::vector<std::string>>(), ", "),
                     .device = joined(region["devices"].get<std::vector<std::string>>(), ", ")});
  }
  return found;
}

std::vector<BusObject> nd_namespaces(const store::Store& store, const store::RegionRecord* region) {
  std::vector<BusObject> found;
  for (const store::RegionRecord& space : store.regions()) {
    const bool is_space = space.used.load() == 1 && space.kind == store::RegionKind::pmem &&
                          (space.nd.parent != 0 || space.nd.labelled == 0);
    if (is_space && space.size != 0 && (region == nullptr || &nd::region_of_namespace(store, space) == region)) {
      found.push_back(namespace_object(store, space));
    }
  }
  return found;
}

} // namespace daxemu::cli
