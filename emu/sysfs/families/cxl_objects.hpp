// The things of a CXL topology: which there are, what they are called and where they lie (dev_set_name and the parents
// that drivers/cxl gives them). A scope's `cxl` is the reference of the one it is narrowed to, in that one's table.
#pragma once

#include "emu/cxl/objects.hpp"
#include "emu/sysfs/families/cxl_things.hpp"

namespace daxemu::sysfs {

// Has the platform a topology?
[[nodiscard]] bool has_cxl(const Scope& scope);
// As a machine has it, or as the platform devices of the kernel's mock (tools/testing/cxl)?
[[nodiscard]] bool has_cxl_machine(const Scope& scope);
[[nodiscard]] bool has_cxl_mock(const Scope& scope);

// The record that a scope is narrowed to.
[[nodiscard]] cxl::CxlPciRecord& pci_in(const Scope& scope);
[[nodiscard]] cxl::CxlPortRecord& port_in(const Scope& scope);
[[nodiscard]] cxl::CxlDecoderRecord& decoder_in(const Scope& scope);
[[nodiscard]] cxl::CxlMemdevRecord& memdev_in(const Scope& scope);
[[nodiscard]] cxl::CxlRegionRecord& cxl_region_in(const Scope& scope);
// The scope of what a reference names.
[[nodiscard]] Scope cxl_scope(const Scope& scope, std::uint32_t reference);

// Of its table, all of them. Functions as "0000:0d:00.0", without host bridges.
void each_pci_function(const Scope& scope, Members members);
void each_host_bridge(const Scope& scope, Members members); // "pci0000:0c"
void each_cxl_acpi(const Scope& scope, Members members);    // "ACPI0017:00"
void each_port(const Scope& scope, Members members);        // ports and endpoints of every depth, the root too
void each_decoder(const Scope& scope, Members members);
void each_memdev(const Scope& scope, Members members);
void each_memdev_number(const Scope& scope, Members members); // "250:0"
void each_nvdimm(const Scope& scope, Members members);        // "pmem0", the scope that of its memdev
void each_cxl_region(const Scope& scope, Members members);
void each_derived(const Scope& scope, Members members); // "dax_region0", "pmem_region0", the scope that of the region

// Below what the scope is narrowed to.
void each_child_function(const Scope& function, Members members);
void each_memdev_of_function(const Scope& function, Members members);
void each_nvdimm_of_memdev(const Scope& memdev, Members members);
void each_root(const Scope& scope, Members members);
void each_child_port(const Scope& port, Members members);
void each_dport(const Scope& port, Members members); // "dport0", the scope that of its function
void each_region_of_decoder(const Scope& root_decoder, Members members);
// Decoders of a port, by what they are.
void each_root_decoder(const Scope& port, Members members);
void each_switch_decoder(const Scope& port, Members members);
void each_endpoint_decoder(const Scope& port, Members members);
// dax_regionN, or pmem_regionN, of a region.
void each_dax_region_of(const Scope& region, Members members);
void each_pmem_region_of(const Scope& region, Members members);
// nvdimm-bridge0 is there as soon as a window may hold persistent memory (add_root_nvdimm_bridge).
[[nodiscard]] bool has_bridge(const Scope& scope);

// Names and absolute paths.
void pci_name(const Scope& function, Text& out);
void pci_path(const Scope& function, Text& out);
void acpi_path(const Scope& scope, Text& out);
void port_name(const Scope& port, Text& out);
void port_path(const Scope& port, Text& out);
void decoder_name(const Scope& decoder, Text& out);
void decoder_path(const Scope& decoder, Text& out);
void memdev_name(const Scope& memdev, Text& out);
void memdev_path(const Scope& memdev, Text& out);
void memdev_number(const Scope& memdev, Text& out);
void nvdimm_name(const Scope& memdev, Text& out);
void nvdimm_path(const Scope& memdev, Text& out);
void cxl_region_name(const Scope& region, Text& out);
void cxl_region_path(const Scope& region, Text& out);
void derived_name(const Scope& region, Text& out);
void derived_path(const Scope& region, Text& out);
void bridge_path(const Scope& scope, Text& out);

} // namespace daxemu::sysfs
