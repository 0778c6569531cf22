#include "emu/sysfs/nd_objects.hpp"

#include "emu/sysfs/families.hpp"
#include "emu/sysfs/places.hpp"

namespace daxemu::sysfs {
namespace {

void one_object(const Scope& scope, std::string_view kind, std::uint32_t number, Members members) {
  NameText name;
  name.put(kind).number(scope.region->id).put(".").number(number);
  members(name.view(), scope);
}

} // namespace

bool has_nd_bus(const Scope& scope) {
  bool any = false;
  each_pmem_region(scope, [&](std::string_view, const Scope&) {
    any = true;
    return false;
  });
  return any;
}

void each_nd_bus_number(const Scope& scope, Members members) {
  if (has_nd_bus(scope)) {
    NameText name;
    nd_bus_number(scope, name);
    members(name.view(), scope);
  }
}

void ndctl_path(const Scope& scope, Text& out) {
  nd_bus_path(scope, out);
  out.put("/nd/ndctl0");
}

void each_namespace(const Scope& scope, Members members) {
  each_device(scope, [&](std::string_view, const Scope& member) {
    NameText name;
    namespace_name(member, name);
    members(name.view(), member);
    return false; // a region has one
  });
}

void each_nd_dax(const Scope& scope, Members members) {
  each_device(scope, [&](std::string_view, const Scope& member) {
    one_object(member, "dax", 0, members);
    return false;
  });
}

void each_btt(const Scope& scope, Members members) {
  one_object(scope, "btt", 0, members);
}
void each_pfn(const Scope& scope, Members members) {
  one_object(scope, "pfn", 0, members);
}
void each_dax_seed(const Scope& scope, Members members) {
  one_object(scope, "dax", 1, members);
}

Result<void> show_nd_numa_node(const Scope& scope, Text& out) {
  out.number(scope.region->numa_node).put("\n");
  return {};
}
Result<void> show_nd_target_node(const Scope& scope, Text& out) {
  out.number(scope.region->target_node).put("\n");
  return {};
}
bool has_nd_target_node(const Scope& scope) {
  return scope.region->target_node >= 0;
}

} // namespace daxemu::sysfs
