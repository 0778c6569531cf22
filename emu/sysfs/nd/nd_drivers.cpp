#include "emu/sysfs/nd/nd_drivers.hpp"

#include "emu/nd/region.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/nd/nd_security.hpp"
#include "emu/sysfs/schema/parse.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

using store::NdKind;
using trace::Reason;

enum class ObjectKind : std::uint8_t { none, bus, dimm, region, nd_namespace, btt, pfn, dax };

struct Object {
  ObjectKind kind = ObjectKind::none;
  Scope scope;
};

// The device of the bus that a written name means.
Object object_called(const Scope& bus, std::string_view text) {
  Object found;
  const auto look_among = [&](const Scope& scope, ObjectKind kind, void (*each)(const Scope&, Members)) {
    each(scope, [&](std::string_view name, const Scope& member) {
      if (same_text(name, text)) {
        found = {kind, member};
      }
      return found.kind == ObjectKind::none;
    });
  };
  if (has_nd_bus(bus) && same_text("ndbus0", text)) {
    return {ObjectKind::bus, bus};
  }
  look_among(bus, ObjectKind::bus, each_cxl_nd_bus);
  look_among(bus, ObjectKind::dimm, each_dimm);
  look_among(bus, ObjectKind::region, each_pmem_region);
  each_pmem_region(bus, [&](std::string_view, const Scope& region) {
    look_among(region, ObjectKind::nd_namespace, each_namespace);
    look_among(region, ObjectKind::btt, each_nd_holder<NdKind::btt>);
    look_among(region, ObjectKind::pfn, each_nd_holder<NdKind::pfn>);
    look_among(region, ObjectKind::dax, each_nd_holder<NdKind::dax>);
    return found.kind == ObjectKind::none;
  });
  return found;
}

tl::unexpected<Errno> refuse_name() {
  return trace::because(ENODEV, Reason::nd_not_its_driver);
}

bool is_holder(ObjectKind kind) {
  return kind == ObjectKind::btt || kind == ObjectKind::pfn || kind == ObjectKind::dax;
}
NdDriver driver_of_holder(ObjectKind kind) {
  return kind == ObjectKind::dax ? NdDriver::dax_pmem : NdDriver::nd_pmem;
}

// nvdimm takes a DIMM, or lets go of it. Errors: EBUSY, ENODEV.
Result<void> bind_dimm(const store::Store& store, const nd::Dimm& dimm, bool binding) {
  if (dimm.is_bound() == binding) {
    return binding ? trace::because(EBUSY, Reason::nd_already) : trace::because(ENODEV, Reason::nd_not_its_driver);
  }
  dimm.unbound() = binding ? 0 : 1;
  if (binding && dimm.memdev != nullptr) { // of the others none is locked
    unlock_dimm(store, *dimm.memdev);
  }
  return {};
}

// The driver that is for such an object, and what it does with it.
Result<void> bind_object(const Object& object, NdDriver driver) {
  const store::Store* store = object.scope.store; // of no object there is none
  switch (object.kind) {
  case ObjectKind::region:
    return driver == NdDriver::nd_region ? nd::bind_region(*store, *object.scope.region) : refuse_name();
  case ObjectKind::nd_namespace:
    return driver == NdDriver::nd_pmem ? nd::bind_namespace(*store, *object.scope.region) : refuse_name();
  case ObjectKind::btt:
  case ObjectKind::pfn:
  case ObjectKind::dax:
    return driver == driver_of_holder(object.kind)
               ? nd::bind_holder(*store, *object.scope.region, holder_in(object.scope))
               : refuse_name();
  case ObjectKind::dimm:
    return driver == NdDriver::nvdimm ? bind_dimm(*store, dimm_in(object.scope), true) : refuse_name();
  case ObjectKind::bus:
  case ObjectKind::none:
    break;
  }
  return refuse_name();
}

} // namespace

Result<void> bind_nd(const Scope& scope, NdDriver driver, std::string_view name) {
  auto change = AnnouncedChange::begin(*scope.store);
  return change ? bind_object(object_called(scope, name), driver) : tl::unexpected(change.error());
}

Result<void> unbind_nd(const Scope& scope, NdDriver driver, std::string_view name) {
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  const Object object = object_called(scope, name);
  if (object.kind == ObjectKind::dimm && driver == NdDriver::nvdimm) {
    return bind_dimm(*scope.store, dimm_in(object.scope), false);
  }
  if (object.kind == ObjectKind::region && driver == NdDriver::nd_region) {
    return nd::unbind_region(*scope.store, *object.scope.region);
  }
  if (object.kind == ObjectKind::nd_namespace && driver == NdDriver::nd_pmem) {
    return nd::unbind_namespace(*scope.store, *object.scope.region);
  }
  if (is_holder(object.kind) && driver == driver_of_holder(object.kind)) {
    return nd::unbind_holder(*scope.store, *object.scope.region, holder_in(object.scope));
  }
  return refuse_name();
}

Result<void> probe_nd(const Scope& scope, std::string_view name) {
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  const Object object = object_called(scope, name);
  if (object.kind == ObjectKind::none) {
    return refuse_name();
  }
  for (const NdDriver driver : {NdDriver::dax_pmem, NdDriver::nd_pmem, NdDriver::nd_region, NdDriver::nvdimm}) {
    (void)bind_object(object, driver);
  }
  return {};
}

} // namespace daxemu::sysfs
