// ioctl(2) on /dev/nmemN of a CXL bus: the label area as the nd bus has it (__nd_ioctl() of drivers/nvdimm/bus.c,
// cxl_pmem_nvdimm_ctl() of drivers/cxl/pmem.c).
#pragma once

#include <cstdint>

#include "emu/base/kernel/user_memory.hpp"
#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"
#include "emu/nd/labels/config_data.hpp"

namespace daxemu::cxl {

// Bytes of a label area that one call moves at most (max_xfer of ND_CMD_GET_CONFIG_SIZE).
[[nodiscard]] std::uint32_t label_transfer(const CxlMemdevRecord& memdev);

// Errors: ENXIO (the DIMM is gone, or the place is behind its area), ENOTTY (no such command), EINVAL, EPERM
// (`read_only`), EBUSY, E2BIG (more than label_transfer() and its header), EFAULT.
Result<void> control_dimm(const store::Store& store, CxlMemdevRecord& memdev, const nd::DimmCall& call,
                          std::uint64_t argument, const UserMemory& memory);

} // namespace daxemu::cxl
