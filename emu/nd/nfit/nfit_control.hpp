// ioctl(2) on /dev/ndctlN and /dev/nmemN of the bus of the firmware's DIMMs: __nd_ioctl() of drivers/nvdimm/bus.c, and
// what the firmware answers there, as in the kernel's own mock of it (nfit_test_ctl() of
// tools/testing/nvdimm/test/nfit.c). Structures are those of include/uapi/linux/ndctl.h and of ndctl's libndctl-nfit.h.
#pragma once

#include <cstdint>

#include "emu/base/kernel/user_memory.hpp"
#include "emu/base/result.hpp"
#include "emu/nd/labels/config_data.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// Functions of the bus that ND_CMD_CALL reaches: where an address is, and injection of errors.
inline constexpr std::uint32_t kTranslateSpa = 5;
inline constexpr std::uint32_t kInjectSet = 7;
inline constexpr std::uint32_t kInjectClear = 8;
inline constexpr std::uint32_t kInjectGet = 9;
inline constexpr std::uint64_t kBusFunctions =
    1U << kTranslateSpa | 1U << kInjectSet | 1U << kInjectClear | 1U << kInjectGet;

// Errors: ENOTTY (no such command or function), EINVAL, EPERM (`read_only`), EFAULT, those of taking the Change.
Result<void> control_nfit_bus(const store::Store& store, const DimmCall& call, std::uint64_t argument,
                              const UserMemory& memory);
// Those, and EBUSY (labels that a region uses).
Result<void> control_nfit_dimm(const store::Store& store, store::NfitDimmRecord& dimm, const DimmCall& call,
                               std::uint64_t argument, const UserMemory& memory);

} // namespace daxemu::nd
