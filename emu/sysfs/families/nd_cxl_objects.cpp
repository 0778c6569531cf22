#include "emu/sysfs/families/nd_cxl_objects.hpp"

#include "emu/cxl/enumeration/mem_probe.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"

namespace daxemu::sysfs {
namespace {

std::uint32_t bus_number(const Scope& scope) {
  return has_nd_bus(scope) ? 1 : 0;
}

template <class Matches>
void dimms_as(const Scope& scope, void (*name)(const Scope&, Text&), Members members, Matches&& matches) {
  const auto call = [&](const nd::Dimm& dimm) {
    if (!dimm.is_there() || !matches(dimm)) {
      return true;
    }
    Scope narrowed = scope;
    narrowed.dimm = nd::reference_of(*scope.store, dimm);
    NameText text;
    name(narrowed, text);
    return members(text.view(), narrowed);
  };
  bool go_on = true;
  nd::each_nfit_dimm(*scope.store, [&](const nd::Dimm& dimm) { return go_on = call(dimm); });
  if (!go_on || !has_cxl_nd_bus(scope)) {
    return;
  }
  for (cxl::CxlMemdevRecord& memdev : cxl::memdevs(*scope.store)) {
    if (memdev.used != 0 && !call({&memdev, nullptr})) {
      return;
    }
  }
}
constexpr auto kEvery = [](const nd::Dimm&) { return true; };

void dimm_number(const Scope& scope, Text& out) {
  out.number(dimm_major(*scope.store)).put(":").number(dimm_in(scope).number());
}

} // namespace

bool has_cxl_nd_bus(const Scope& scope) {
  return cxl::is_present(*scope.store) && scope.store->cxl().state.bridge_unbound == 0 &&
         cxl::has_nvdimm_bridge(*scope.store);
}

void each_cxl_nd_bus(const Scope& scope, Members members) {
  if (has_cxl_nd_bus(scope)) {
    NameText name;
    cxl_nd_bus_name(scope, name);
    members(name.view(), scope);
  }
}

void each_cxl_ndctl(const Scope& scope, Members members) {
  if (has_cxl_nd_bus(scope)) {
    Scope narrowed = scope;
    narrowed.number = bus_number(scope);
    NameText name;
    name.put("ndctl").number(narrowed.number);
    members(name.view(), narrowed);
  }
}

void each_cxl_ndctl_number(const Scope& scope, Members members) {
  each_cxl_ndctl(scope, [&](std::string_view, const Scope& bus) {
    NameText name;
    name.put("").number(scope.store->platform().nd_major).put(":").number(bus.number);
    return members(name.view(), bus);
  });
}

void cxl_nd_bus_name(const Scope& scope, Text& out) {
  out.put("ndbus").number(bus_number(scope));
}
void cxl_nd_bus_path(const Scope& scope, Text& out) {
  bridge_path(scope, out);
  out.put("/");
  cxl_nd_bus_name(scope, out);
}
void cxl_ndctl_path(const Scope& scope, Text& out) {
  cxl_nd_bus_path(scope, out);
  out.put("/nd/ndctl").number(bus_number(scope));
}

void each_cxl_nd_region(const Scope& scope, Members members) {
  each_pmem_region(scope, [&](std::string_view name, const Scope& region) {
    return region.region->cxl == 0 || members(name, region);
  });
}

void each_dimm(const Scope& scope, Members members) {
  dimms_as(scope, dimm_name, members, kEvery);
}
void each_cxl_dimm(const Scope& scope, Members members) {
  dimms_as(scope, dimm_name, members, [](const nd::Dimm& dimm) { return dimm.memdev != nullptr; });
}
void each_nfit_dimm(const Scope& scope, Members members) {
  dimms_as(scope, dimm_name, members, [](const nd::Dimm& dimm) { return dimm.nfit != nullptr; });
}
void each_bound_dimm(const Scope& scope, Members members) {
  dimms_as(scope, dimm_name, members, [](const nd::Dimm& dimm) { return dimm.is_bound(); });
}
void each_dimm_number(const Scope& scope, Members members) {
  dimms_as(scope, dimm_number, members, kEvery);
}
nd::Dimm dimm_in(const Scope& scope) {
  return nd::dimm_at(*scope.store, scope.dimm);
}
void dimm_name(const Scope& scope, Text& out) {
  out.put("nmem").number(dimm_in(scope).number());
}
void dimm_path(const Scope& scope, Text& out) {
  if (dimm_in(scope).nfit != nullptr) {
    nfit_bus_path(scope, out);
  } else {
    cxl_nd_bus_path(scope, out);
  }
  out.put("/");
  dimm_name(scope, out);
}

// Of "dimmctl", which libnvdimm asks for right after that of "ndctl".
std::uint32_t dimm_major(const store::Store& store) {
  const store::Platform& platform = store.platform();
  return platform.dimm_major != 0 ? platform.dimm_major : platform.nd_major - 1;
}

} // namespace daxemu::sysfs
