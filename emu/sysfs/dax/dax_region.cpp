// The dax_region group of the device that holds a region (dax_region_attributes in drivers/dax/bus.c).
#include "emu/dax/bus.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/region_space.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/parse.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

bool is_dynamic(const Scope& scope) {
  return store::is_dynamic(scope.region->kind);
}
Result<void> show_id(const Scope& scope, Text& out) {
  out.number(scope.region->id).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  // Of a pmem namespace the data only, not the info block before it.
  const store::NdInfoBlock& info = scope.region->nd.info;
  out.number(is_dynamic(scope) ? scope.region->size : dax::nd::data_size(*scope.region, info)).put("\n");
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

// The name of the device of this number (index + 1), or nothing.
Result<void> show_mention(const Scope& scope, std::uint32_t number, Text& out) {
  if (number != 0 && number <= scope.store->devices().size()) {
    Scope mentioned = scope;
    mentioned.device = &scope.store->devices()[number - 1];
    device_name(mentioned, out);
  }
  out.put("\n");
  return {};
}
Result<void> show_seed(const Scope& scope, Text& out) {
  return show_mention(scope, scope.region->seed, out);
}
Result<void> show_create(const Scope& scope, Text& out) {
  return show_mention(scope, scope.region->youngest, out);
}

Result<void> store_create(const Scope& scope, std::string_view text) {
  const auto value = parse_int(text);
  if (!value) {
    return tl::unexpected(value.error());
  }
  if (*value != 1) {
    return trace::because(EINVAL, trace::Reason::create_takes_one);
  }
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  const auto created = dax::create_device(*scope.store, *scope.region);
  return created ? Result<void>() : tl::unexpected(created.error());
}
Result<void> store_delete(const Scope& scope, std::string_view text) {
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  store::DeviceRecord* victim = device_called(scope, text);
  return victim == nullptr ? trace::because(ENXIO, trace::Reason::delete_no_such)
                           : dax::delete_device(*scope.store, *victim);
}

constexpr NodeSpec kNodes[] = {
    attribute("align", 0400, show_align),
    attribute("available_size", 0444, show_available_size, nullptr, is_dynamic),
    attribute("create", 0644, show_create, store_create, is_dynamic),
    attribute("delete", 0200, nullptr, store_delete, is_dynamic),
    attribute("id", 0444, show_id),
    attribute("seed", 0444, show_seed, nullptr, is_dynamic),
    attribute("size", 0444, show_size),
};

} // namespace

constinit const Directory kDaxRegion = {kNodes};

} // namespace daxemu::sysfs
