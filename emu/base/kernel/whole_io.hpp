// pread(2) and pwrite(2) of all the bytes, whatever the kernel transfers at once. Async-signal-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emu/base/result.hpp"

namespace daxemu {

// Errors: pread(2)'s; EIO: the file ends before.
[[nodiscard]] Result<void> read_whole(int fd, std::span<std::byte> into, std::uint64_t offset);
// Errors: pwrite(2)'s; ENOSPC: the kernel takes no more. What was written until then stays.
[[nodiscard]] Result<void> write_whole(int fd, std::span<const std::byte> bytes, std::uint64_t offset);

} // namespace daxemu
