// ioctl(2) on a device: it has none of its own, but some are the same for every file (do_vfs_ioctl() of fs/ioctl.c).
#pragma once

#include "runtime/preload/files/io_calls.hpp"

namespace daxemu::preload {

// The slow half of the call: the descriptor may be ours.
int control_slow(int fd, unsigned long request, const void* argument, RealStatus real);

} // namespace daxemu::preload
