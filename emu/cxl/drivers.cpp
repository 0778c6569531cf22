#include "emu/cxl/drivers.hpp"

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/enumeration/mem_probe.hpp"
#include "emu/cxl/enumeration/ports.hpp"
#include "emu/cxl/region/region_driver.hpp"
#include "emu/cxl/written_name.hpp"

namespace daxemu::cxl {
namespace {

// Of which driver a device is (cxl_bus_match()); decoders and root0 are of none.
bool is_of(CxlDriver driver, const Named& named) {
  switch (driver) {
  case CxlDriver::port:
    return named.port != nullptr && named.port->kind != CxlPortKind::root;
  case CxlDriver::mem:
    return named.memdev != nullptr;
  case CxlDriver::region:
    return named.region != nullptr;
  case CxlDriver::dax_region:
    return named.derived != nullptr && named.derived->mode == CxlMode::ram;
  case CxlDriver::nvdimm_bridge:
    return named.is_bridge;
  case CxlDriver::nvdimm:
    return named.nvdimm != nullptr;
  case CxlDriver::pmem_region:
    return named.derived != nullptr && named.derived->mode == CxlMode::pmem;
  }
  return false;
}

bool is_bound(const store::Store& store, CxlDriver driver, const Named& named) {
  switch (driver) {
  case CxlDriver::port:
    return named.port->unbound == 0;
  case CxlDriver::mem:
    return named.memdev->unbound == 0;
  case CxlDriver::region:
    return named.region->bound != 0;
  case CxlDriver::dax_region:
  case CxlDriver::pmem_region:
    return named.derived->derived_bound != 0;
  case CxlDriver::nvdimm_bridge:
    return store.cxl().state.bridge_unbound == 0;
  case CxlDriver::nvdimm:
    return named.nvdimm->nvdimm_unbound == 0;
  }
  return false;
}

Result<void> take(const store::Store& store, CxlDriver driver, const Named& named) {
  switch (driver) {
  case CxlDriver::port:
    named.port->unbound = 0;
    return probe_switch(store, *named.port);
  case CxlDriver::mem:
    return probe_mem(store, *named.memdev);
  case CxlDriver::region:
    return probe_region(store, *named.region);
  case CxlDriver::dax_region:
  case CxlDriver::pmem_region:
    return probe_derived(store, *named.derived);
  case CxlDriver::nvdimm_bridge:
    return fail(EBUSY); // never let go
  case CxlDriver::nvdimm:
    return probe_nvdimm(store, *named.nvdimm);
  }
  return fail(ENODEV);
}

// A port without driver has nothing below it: endpoints there are gone, and so cxl_mem lets go of their memdevs
// (schedule_detach() in drivers/cxl/port.c), which takes away the endpoint, and the switches between.
void release_port(const store::Store& store, CxlPortRecord& port) {
  if (port.kind == CxlPortKind::endpoint) {
    release_mem(store, *memdev_at(store, port.uport));
    return;
  }
  const std::uint32_t owner = reference_of(store, port);
  for (CxlPortRecord& below : ports(store)) {
    if (below.kind == CxlPortKind::none || below.parent != owner) {
      continue;
    }
    release_port(store, below);
    if (below.kind == CxlPortKind::switch_port) {
      remove_port(store, below);
    }
  }
  remove_ways_down(store, port);
  port.unbound = 1;
}

void let_go(const store::Store& store, CxlDriver driver, const Named& named) {
  switch (driver) {
  case CxlDriver::port:
    return release_port(store, *named.port);
  case CxlDriver::mem:
    return release_mem(store, *named.memdev);
  case CxlDriver::region:
    return release_region(store, *named.region);
  case CxlDriver::dax_region:
  case CxlDriver::pmem_region:
    return release_derived(store, *named.derived);
  case CxlDriver::nvdimm_bridge:
  case CxlDriver::nvdimm:
    return;
  }
}

} // namespace

Result<void> bind(const store::Store& store, CxlDriver driver, std::string_view name) {
  const Named named = find_on_bus(store, name);
  if (!is_of(driver, named)) {
    return fail(ENODEV);
  }
  return is_bound(store, driver, named) ? fail(EBUSY) : take(store, driver, named);
}

Result<void> unbind(const store::Store& store, CxlDriver driver, std::string_view name) {
  const Named named = find_on_bus(store, name);
  if (!has_bind(driver) || !is_of(driver, named) || !is_bound(store, driver, named)) {
    return fail(ENODEV);
  }
  const bool is_of_one = named.region != nullptr || named.derived != nullptr;
  if (auto room = make_return_room(store, !is_of_one                ? nullptr
                                          : named.region != nullptr ? named.region
                                                                    : named.derived);
      !room) {
    return room;
  }
  let_go(store, driver, named);
  return {};
}

Result<void> probe(const store::Store& store, std::string_view name) {
  const Named named = find_on_bus(store, name);
  if (!named) {
    return fail(ENODEV);
  }
  for (std::uint32_t number = 0; number < kCxlDriverNames.size(); ++number) {
    const auto driver = static_cast<CxlDriver>(number);
    if (is_of(driver, named) && !is_bound(store, driver, named)) {
      (void)take(store, driver, named);
    }
  }
  return {};
}

} // namespace daxemu::cxl
