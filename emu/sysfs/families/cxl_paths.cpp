#include "emu/sysfs/families/cxl_paths.hpp"

#include <array>

#include "emu/cxl/enumeration/acpi.hpp"

namespace daxemu::sysfs {

using store::CxlMode;
using store::CxlPciKind;
using store::CxlPortKind;

// The mock numbers its platform devices by kind, and a switch or memory device as the port that it hangs below
// (cxl_test_init() in tools/testing/cxl/test/cxl.c).
void CxlPaths::mock_name(std::uint32_t function, Text& out) const {
  constexpr std::array<std::string_view, 6> kNames = {
      "", "cxl_host_bridge.", "cxl_root_port.", "cxl_switch_uport.", "cxl_switch_dport.", "cxl_mem."};
  const store::CxlPciRecord& pci = state_->pci[function - 1];
  const bool is_port = pci.kind == CxlPciKind::root_port || pci.kind == CxlPciKind::downstream_port;
  out.put(kNames[static_cast<std::size_t>(pci.kind)]);
  out.number(is_port ? pci.port_number : pci.parent == 0 ? pci.uid : state_->pci[pci.parent - 1].port_number);
}
void CxlPaths::function_name(std::uint32_t function, Text& out) const {
  if (state_->mock != 0) {
    return mock_name(function, out);
  }
  const store::CxlPciRecord& pci = state_->pci[function - 1];
  const bool is_bridge = pci.kind == CxlPciKind::host_bridge;
  out.put(is_bridge ? "pci0000:" : "0000:").digits(pci.bus, 16, 2);
  if (!is_bridge) {
    out.put(":").digits(pci.slot, 16, 2).put(".").number(pci.function);
  }
}
void CxlPaths::function_path(std::uint32_t function, Text& out) const {
  if (const std::uint32_t parent = state_->pci[function - 1].parent; parent != 0) {
    function_path(parent, out);
    out.put("/");
  } else {
    out.put(state_->mock != 0 ? "/sys/devices/platform/" : "/sys/devices/");
  }
  function_name(function, out);
}
void CxlPaths::acpi_path(Text& out) const {
  out.put("/sys/devices/platform/").put(cxl::acpi_name(*state_));
}
void CxlPaths::port_name(std::uint32_t port, Text& out) const {
  const store::CxlPortRecord& record = state_->ports[port - 1];
  out.put(record.kind == CxlPortKind::root ? "root" : record.kind == CxlPortKind::endpoint ? "endpoint" : "port");
  out.number(record.id);
}
void CxlPaths::port_path(std::uint32_t port, Text& out) const {
  if (const std::uint32_t parent = state_->ports[port - 1].parent; parent != 0) {
    port_path(parent, out);
    out.put("/");
  } else {
    acpi_path(out);
    out.put("/");
  }
  port_name(port, out);
}
void CxlPaths::decoder_name(std::uint32_t decoder, Text& out) const {
  const store::CxlDecoderRecord& record = state_->decoders[decoder - 1];
  out.put("decoder").number(state_->ports[record.port - 1].id).put(".").number(record.id);
}
void CxlPaths::decoder_path(std::uint32_t decoder, Text& out) const {
  port_path(state_->decoders[decoder - 1].port, out);
  out.put("/");
  decoder_name(decoder, out);
}
void CxlPaths::memdev_name(std::uint32_t memdev, Text& out) const {
  out.put("mem").number(state_->memdevs[memdev - 1].id);
}
void CxlPaths::memdev_path(std::uint32_t memdev, Text& out) const {
  function_path(state_->memdevs[memdev - 1].pci, out);
  out.put("/");
  memdev_name(memdev, out);
}
void CxlPaths::nvdimm_name(std::uint32_t memdev, Text& out) const {
  out.put("pmem").number(state_->memdevs[memdev - 1].id);
}
void CxlPaths::nvdimm_path(std::uint32_t memdev, Text& out) const {
  memdev_path(memdev, out);
  out.put("/");
  nvdimm_name(memdev, out);
}
void CxlPaths::region_name(std::uint32_t region, Text& out) const {
  out.put("region").number(state_->regions[region - 1].id);
}
void CxlPaths::region_path(std::uint32_t region, Text& out) const {
  decoder_path(state_->regions[region - 1].root_decoder, out);
  out.put("/");
  region_name(region, out);
}
void CxlPaths::derived_name(std::uint32_t region, Text& out) const {
  const store::CxlRegionRecord& record = state_->regions[region - 1];
  out.put(record.mode == CxlMode::pmem ? "pmem_region" : "dax_region").number(record.id);
}
void CxlPaths::derived_path(std::uint32_t region, Text& out) const {
  region_path(region, out);
  out.put("/");
  derived_name(region, out);
}
void CxlPaths::bridge_path(Text& out) const {
  for (std::uint32_t at = 0; at < state_->ports_used; ++at) {
    if (state_->ports[at].kind == CxlPortKind::root) {
      port_path(at + 1, out);
      break;
    }
  }
  out.put("/nvdimm-bridge0");
}

} // namespace daxemu::sysfs
