// Buffers that programs register with io_uring: pinned for long until unregistered or until the ring is closed. The
// kernel pins the memory behind the emulated device; here the device's folios are, or the call is refused as the
// device's type has it.
#pragma once

#include <cstdint>

#include <sys/uio.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// The call itself: what the kernel returned, or -errno.
using RealRegister = FunctionRef<long()>;

// io_uring_register(2) on the ring `fd`, and the two ways to fill its table of buffers: all of it, or entries from
// `first` on. Each returns what real() does, or -errno. Where the host's kernel takes what device-dax would not, the
// call is undone. Opcodes known: IORING_REGISTER_BUFFERS, _BUFFERS2, _BUFFERS_UPDATE (tags and sparse tables too) and
// IORING_UNREGISTER_BUFFERS; every other passes.
long register_call(int fd, unsigned opcode, const void* argument, unsigned count, std::uint64_t site,
                   RealRegister real);
long register_buffers(int fd, const iovec* pieces, unsigned count, std::uint64_t site, RealRegister real);
long update_buffers(int fd, unsigned first, const iovec* pieces, unsigned count, std::uint64_t site, RealRegister real);

// The descriptor `fd` of a ring is one more, or no longer one. The last one ends its registrations.
void ring_duplicated(int fd, int copy);
void ring_closed(int fd);
void rings_closed(unsigned first, unsigned last);
// Is any ring known? Costs a load.
[[nodiscard]] bool rings_known();

// Around fork(2); the child holds nothing.
void rings_before_fork();
void rings_after_fork(bool in_child);

} // namespace daxemu::preload
