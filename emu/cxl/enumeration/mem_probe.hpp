// cxl_mem takes a memdev: the ports above it that nobody needed before, its nvdimm, its endpoint (cxl_mem_probe() in
// drivers/cxl/mem.c, devm_cxl_enumerate_ports() in drivers/cxl/core/port.c). The caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// devm_cxl_add_memdev(): a memory device becomes memN, N the lowest free number. The driver is not asked yet.
void add_memdev(const store::Store& store, CxlMemdevRecord& memdev);

// Errors: ENXIO (a port above it is not enabled or not there), ENODEV (persistent memory, and no window takes it),
// ENOMEM (no record left).
Result<void> probe_mem(const store::Store& store, CxlMemdevRecord& memdev);
// What cxl_mem gives back: regions lose their target (and their driver), the endpoint and pmemN are gone, and switches
// above that nobody else needs. Nothing if it is not bound.
void release_mem(const store::Store& store, CxlMemdevRecord& memdev);

// cxl_nvdimm takes pmemN. Errors: those of add_dimm; ENODEV (the bridge has no nd bus).
Result<void> probe_nvdimm(const store::Store& store, CxlMemdevRecord& memdev);

// nvdimm-bridge0 is there: some window takes persistent memory (add_root_nvdimm_bridge() in drivers/cxl/acpi.c).
[[nodiscard]] bool has_nvdimm_bridge(const store::Store& store);

} // namespace daxemu::cxl
