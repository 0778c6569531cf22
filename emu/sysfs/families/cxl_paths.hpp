// What the things of a CXL topology are called and where they lie, in the topology as it is or as it was before a
// change (dev_set_name and the parents that drivers/cxl gives them). References are index + 1 in the table of their
// kind.
#pragma once

#include "emu/store/store.hpp"
#include "emu/sysfs/schema/text.hpp"

namespace daxemu::sysfs {

class CxlPaths {
public:
  explicit CxlPaths(const store::CxlState& state) : state_(&state) {}

  // "ACPI0017:00", or of the mock "cxl_acpi.0".
  void acpi_path(Text& out) const;
  // "0000:0d:00.0", or of a host bridge "pci0000:0c"; of the mock "cxl_mem.0", "cxl_host_bridge.0".
  void function_name(std::uint32_t function, Text& out) const;
  void function_path(std::uint32_t function, Text& out) const;
  // "root0", "port1", "endpoint2"
  void port_name(std::uint32_t port, Text& out) const;
  void port_path(std::uint32_t port, Text& out) const;
  // "decoder2.0"
  void decoder_name(std::uint32_t decoder, Text& out) const;
  void decoder_path(std::uint32_t decoder, Text& out) const;
  // "mem0"
  void memdev_name(std::uint32_t memdev, Text& out) const;
  void memdev_path(std::uint32_t memdev, Text& out) const;
  // "pmem0", of its memdev
  void nvdimm_name(std::uint32_t memdev, Text& out) const;
  void nvdimm_path(std::uint32_t memdev, Text& out) const;
  // "region0"
  void region_name(std::uint32_t region, Text& out) const;
  void region_path(std::uint32_t region, Text& out) const;
  // "dax_region0" or "pmem_region0", of its region
  void derived_name(std::uint32_t region, Text& out) const;
  void derived_path(std::uint32_t region, Text& out) const;
  // ".../root0/nvdimm-bridge0"
  void bridge_path(Text& out) const;

private:
  void mock_name(std::uint32_t function, Text& out) const;

  const store::CxlState* state_;
};

} // namespace daxemu::sysfs
