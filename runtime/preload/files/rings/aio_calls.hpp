// io_submit(2), by number or by libaio's functions. Requests on a device are refused as its read and write are
// (io_submit_one: no read_iter). Requests on files may be given a device's memory: the kernel's touches are to find it
// present, and by O_DIRECT its pages are referenced until the request is done (aio_pins.hpp).
#pragma once

#include <cstdint>

#include <linux/aio_abi.h>

#include "emu/base/result.hpp"

namespace daxemu::preload {

// The requests before the first on a device are submitted; if that is none, EINVAL. Returns how many were. `site`: who
// calls, for the ledger. Errors: the kernel's.
[[nodiscard]] Result<long> submit_aio(aio_context_t context, long count, iocb** requests, std::uint64_t site);

// io_destroy(2), which waits for what is under way. Errors: the kernel's.
[[nodiscard]] Result<long> destroy_aio(aio_context_t context);

} // namespace daxemu::preload
