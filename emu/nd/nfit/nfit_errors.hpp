// Media errors of the firmware's DIMMs: what the firmware knows to be bad (its list is the truth about the memory), and
// what of it a scrub has told the kernel, which is what badblocks show. As the kernel's own mock of such a bus has it
// (tools/testing/nvdimm/test/nfit.c) and the driver (drivers/acpi/nfit/core.c), but that a scrub takes no time. In the
// memory of programs an error is there at once, as if somebody had read it. The caller holds a Change.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

inline constexpr std::uint64_t kClearErrorUnit = 256; // bytes (NFIT_TEST_CLEAR_ERR_UNIT)

// nfit_test_cmd_ars_error_inject(): bad from now on; `notify`: the kernel is told, and looks (scrub). Errors: EINVAL
// (of no length), ENOMEM (too many).
Result<void> inject_error(const store::Store& store, std::uint64_t start, std::uint64_t length, bool notify);
// nfit_test_cmd_ars_inject_clear(): fine again, of which nobody tells the kernel. Errors: EINVAL, ENOMEM.
Result<void> uninject_error(const store::Store& store, std::uint64_t start, std::uint64_t length);
// nfit_test_cmd_clear_error() and nvdimm_account_cleared_poison(): fine again, zero, and the kernel knows.
// Errors: EINVAL (not in steps of kClearErrorUnit), ENOMEM.
Result<void> clear_error(const store::Store& store, std::uint64_t start, std::uint64_t length);
// acpi_nfit_ars_rescan(), and what follows: the kernel knows of all that is bad in its regions. One scrub more.
void scrub(const store::Store& store);
// nfit_handle_mce(): somebody has read it; the kernel knows of that one. Does nothing of memory that no DIMM has.
Result<void> meet_error(const store::Store& store, std::uint64_t start, std::uint64_t length);

// Sectors of 512 bytes, counted from `start`, that the kernel knows to be bad in [start, start + size): each run, in
// their order (badblocks_show).
void each_bad_sector(const store::Store& store, std::uint64_t start, std::uint64_t size,
                     FunctionRef<void(std::uint64_t sector, std::uint64_t count)> each);

// Of a disk, whose first byte is at `start`: how many of the bytes from `offset` on can be read before one in a sector
// that the kernel knows to be bad (pmem_do_read); and what writing them does: those sectors are fine
// (pmem_clear_poison), whole ones only. Takes no Change.
[[nodiscard]] std::uint64_t readable_bytes(const store::Store& store, std::uint64_t start, std::uint64_t offset,
                                           std::uint64_t size);
Result<void> write_over_errors(const store::Store& store, std::uint64_t start, std::uint64_t offset,
                               std::uint64_t size);

} // namespace daxemu::nd
