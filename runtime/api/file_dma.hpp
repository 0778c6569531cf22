// Moves bytes between a file and pieces of memory by io_uring, with the memory as registered buffers and several
// requests in flight: what a storage controller's DMA would do.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emu/base/result.hpp"

namespace daxemu::api {

enum class Transfer { from_file, to_file };

// File bytes from `offset` on, in the order of `pieces`. Bytes moved, from the first on without a hole: less than all
// at the end of the file. Errors: io_uring's set-up (ENOSYS, EPERM, ENOMEM), and the first request's own.
[[nodiscard]] Result<std::uint64_t> transfer(int fd, std::uint64_t offset, std::span<const std::span<std::byte>> pieces,
                                             Transfer direction);

} // namespace daxemu::api
