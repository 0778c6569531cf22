// The dax_region group of the device that holds a region (dax_region_attributes in drivers/dax/bus.c).
#include "emu/dax/region_space.hpp"
#include "emu/sysfs/directories.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_id(const Scope& scope, Text& out) {
  out.number(scope.region->id).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.number(scope.region->size).put("\n");
  return {};
}
Result<void> show_align(const Scope& scope, Text& out) {
  out.number(scope.region->align).put("\n");
  return {};
}
Result<void> show_available_size(const Scope& scope, Text& out) {
  out.number(dax::available_size(*scope.store, *scope.region)).put("\n");
  return {};
}

bool is_dynamic(const Scope& scope) {
  return scope.region->kind == store::RegionKind::hmem;
}

constexpr NodeSpec kNodes[] = {
    attribute("align", 0400, show_align),
    attribute("available_size", 0444, show_available_size, nullptr, is_dynamic),
    attribute("id", 0444, show_id),
    attribute("size", 0444, show_size),
};

} // namespace

constinit const Directory kDaxRegion = {kNodes};

} // namespace daxemu::sysfs
