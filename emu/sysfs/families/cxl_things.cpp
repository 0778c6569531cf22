#include "emu/sysfs/families/cxl_things.hpp"

#include "emu/dax/memory/cxl_windows.hpp"
#include "emu/sysfs/families/pci_identity.hpp"

namespace daxemu::sysfs {
namespace {

using store::CxlMode;
using store::CxlPciKind;
using store::CxlPortKind;
using store::CxlState;

void put_upper(std::uint32_t value, std::size_t width, Text& out) {
  TextBuffer<16> digits;
  digits.digits(value, 16, width);
  for (const char digit : digits.view()) {
    const char upper = digit >= 'a' && digit <= 'f' ? static_cast<char>(digit - 'a' + 'A') : digit;
    out.put({&upper, 1});
  }
}

// pci_uevent() in drivers/pci/pci-driver.c.
void put_pci_variables(const CxlState& state, std::uint32_t function, Text& out) {
  const PciIdentity identity = identity_of(state.pci[function - 1].kind);
  out.put("PCI_CLASS=");
  put_upper(identity.class_code, 4, out);
  out.put("\nPCI_ID=");
  put_upper(identity.vendor, 4, out);
  out.put(":");
  put_upper(identity.device, 4, out);
  out.put("\nPCI_SUBSYS_ID=");
  put_upper(identity.subsystem_vendor, 4, out);
  out.put(":");
  put_upper(identity.subsystem_device, 4, out);
  out.put("\nPCI_SLOT_NAME=");
  CxlPaths(state).function_name(function, out);
  out.put("\nMODALIAS=");
  put_pci_alias(state.pci[function - 1].kind, out);
  out.put("\n");
}

// platform_uevent()
void put_platform_variables(const CxlState& state, std::uint32_t function, Text& out) {
  TextBuffer<64> name;
  CxlPaths(state).function_name(function, name);
  out.put("MODALIAS=platform:").put(name.view().substr(0, name.view().find('.'))).put("\n");
}

bool has_pmem_window(const CxlState& state) {
  bool found = false;
  dax::each_window(state, [&](const store::CxlDecoderRecord& window) {
    found = (window.flags & store::kCxlCapPmem) != 0;
    return !found;
  });
  return found;
}

std::string_view decoder_type(const CxlState& state, std::uint32_t decoder) {
  switch (state.ports[state.decoders[decoder - 1].port - 1].kind) {
  case CxlPortKind::root:
    return "cxl_decoder_root";
  case CxlPortKind::endpoint:
    return "cxl_decoder_endpoint";
  default:
    return "cxl_decoder_switch";
  }
}

std::string_view type_of(const CxlState& state, CxlKind kind, std::uint32_t reference) {
  switch (kind) {
  case CxlKind::memdev:
    return "cxl_memdev";
  case CxlKind::nvdimm:
    return "cxl_nvdimm";
  case CxlKind::bridge:
    return "cxl_nvdimm_bridge";
  case CxlKind::port:
    return "cxl_port";
  case CxlKind::decoder:
    return decoder_type(state, reference);
  case CxlKind::region:
    return "cxl_region";
  case CxlKind::derived:
    return state.regions[reference - 1].mode == CxlMode::pmem ? "cxl_pmem_region" : "cxl_dax_region";
  case CxlKind::function:
    break;
  }
  return {};
}

} // namespace

void put_pci_alias(CxlPciKind kind, Text& out) {
  const PciIdentity identity = identity_of(kind);
  out.put("pci:v");
  put_upper(identity.vendor, 8, out);
  out.put("d");
  put_upper(identity.device, 8, out);
  out.put("sv");
  put_upper(identity.subsystem_vendor, 8, out);
  out.put("sd");
  put_upper(identity.subsystem_device, 8, out);
  out.put("bc");
  put_upper(identity.class_code >> 16U, 2, out);
  out.put("sc");
  put_upper((identity.class_code >> 8U) & 0xffU, 2, out);
  out.put("i");
  put_upper(identity.class_code & 0xffU, 2, out);
}

std::uint32_t cxl_count(const CxlState& state, CxlKind kind) {
  switch (kind) {
  case CxlKind::function:
    return state.pci_used;
  case CxlKind::memdev:
  case CxlKind::nvdimm:
    return state.memdevs_used;
  case CxlKind::bridge:
    return 1;
  case CxlKind::port:
    return state.ports_used;
  case CxlKind::decoder:
    return state.decoders_used;
  case CxlKind::region:
  case CxlKind::derived:
    return state.regions_used;
  }
  return 0;
}

bool is_cxl_there(const CxlState& state, CxlKind kind, std::uint32_t reference) {
  const std::uint32_t at = reference - 1;
  switch (kind) {
  case CxlKind::function: // a host bridge is no function, and never leaves
    return state.pci[at].kind != CxlPciKind::none && state.pci[at].kind != CxlPciKind::host_bridge &&
           state.pci[at].removed == 0;
  case CxlKind::memdev:
    return state.memdevs[at].used != 0;
  case CxlKind::nvdimm:
    return state.memdevs[at].used != 0 && state.memdevs[at].has_nvdimm != 0;
  case CxlKind::bridge:
    return has_pmem_window(state);
  case CxlKind::port:
    return state.ports[at].kind != CxlPortKind::none;
  case CxlKind::decoder:
    return state.decoders[at].port != 0;
  case CxlKind::region:
    return state.regions[at].used != 0;
  case CxlKind::derived:
    return state.regions[at].used != 0 && state.regions[at].derived != 0;
  }
  return false;
}

bool is_cxl_bound(const CxlState& state, CxlKind kind, std::uint32_t reference) {
  if (!is_cxl_there(state, kind, reference)) {
    return false;
  }
  const std::uint32_t at = reference - 1;
  switch (kind) {
  case CxlKind::function:
    return state.pci[at].unbound == 0 && (state.mock == 0 || state.pci[at].kind == CxlPciKind::memory_device);
  case CxlKind::memdev:
    return state.memdevs[at].unbound == 0;
  case CxlKind::nvdimm:
    return state.memdevs[at].nvdimm_unbound == 0;
  case CxlKind::bridge:
    return state.bridge_unbound == 0;
  case CxlKind::port: // no driver is for the root
    return state.ports[at].kind != CxlPortKind::root && state.ports[at].unbound == 0;
  case CxlKind::region:
    return state.regions[at].bound != 0;
  case CxlKind::derived:
    return state.regions[at].derived_bound != 0;
  case CxlKind::decoder:
    break;
  }
  return false;
}

std::string_view cxl_driver(const CxlState& state, CxlKind kind, std::uint32_t reference) {
  switch (kind) {
  case CxlKind::function:
    return state.mock != 0 ? "cxl_mock_mem" : identity_of(state.pci[reference - 1].kind).driver;
  case CxlKind::memdev:
    return "cxl_mem";
  case CxlKind::decoder:
    return {};
  default: // the others are called as their type
    return type_of(state, kind, reference);
  }
}

std::uint32_t cxl_device_id(const CxlState& state, CxlKind kind, std::uint32_t reference) {
  switch (kind) {
  case CxlKind::bridge:
    return 1;
  case CxlKind::nvdimm:
    return 2;
  case CxlKind::port:
    return state.ports[reference - 1].kind == CxlPortKind::root ? 4 : 3;
  case CxlKind::memdev:
    return 5;
  case CxlKind::region:
    return 6;
  case CxlKind::derived:
    return state.regions[reference - 1].mode == CxlMode::pmem ? 7 : 8;
  case CxlKind::function:
  case CxlKind::decoder:
    break;
  }
  return 0;
}

void cxl_thing_path(const CxlState& state, CxlKind kind, std::uint32_t reference, Text& out) {
  const CxlPaths paths(state);
  switch (kind) {
  case CxlKind::function:
    return paths.function_path(reference, out);
  case CxlKind::memdev:
    return paths.memdev_path(reference, out);
  case CxlKind::nvdimm:
    return paths.nvdimm_path(reference, out);
  case CxlKind::bridge:
    return paths.bridge_path(out);
  case CxlKind::port:
    return paths.port_path(reference, out);
  case CxlKind::decoder:
    return paths.decoder_path(reference, out);
  case CxlKind::region:
    return paths.region_path(reference, out);
  case CxlKind::derived:
    return paths.derived_path(reference, out);
  }
}

void cxl_variables(const CxlState& state, std::uint32_t major, CxlKind kind, std::uint32_t reference, Text& out) {
  if (kind == CxlKind::memdev) {
    const store::CxlMemdevRecord& memdev = state.memdevs[reference - 1];
    out.put("MAJOR=").number(major).put("\nMINOR=").number(memdev.minor);
    out.put("\nDEVNAME=cxl/mem").number(memdev.id).put("\n");
  }
  if (kind != CxlKind::function) {
    out.put("DEVTYPE=").put(type_of(state, kind, reference)).put("\n");
  }
  if (is_cxl_bound(state, kind, reference)) {
    out.put("DRIVER=").put(cxl_driver(state, kind, reference)).put("\n");
  }
  if (kind == CxlKind::function && state.mock != 0) {
    put_platform_variables(state, reference, out);
  } else if (kind == CxlKind::function) {
    put_pci_variables(state, reference, out);
  } else {
    out.put("MODALIAS=cxl:t").number(cxl_device_id(state, kind, reference)).put("\n");
  }
}

} // namespace daxemu::sysfs
