// ioctl(2) on a device: it has none of its own, but some are the same for every file (do_vfs_ioctl() of fs/ioctl.c).
#pragma once

#include <cstdint>
#include <optional>

#include "emu/base/kernel/user_memory.hpp"
#include "emu/base/result.hpp"
#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {

// The slow half of the call: the descriptor may be ours.
int control_slow(int fd, unsigned long request, const void* argument, RealStatus real);

// What the driver of a memdev, a DIMM or an nd bus says to a request of its own, made by whom `memory` belongs to;
// nothing: another descriptor, or a request that any file answers.
[[nodiscard]] std::optional<Result<void>> control_driver(const Context& context, int fd, unsigned long request,
                                                         std::uint64_t argument, const UserMemory& memory);

} // namespace daxemu::preload
