// Calls on the disk that a namespace of the nd bus is: reading, writing, lseek(2), ioctl(2) and the flags of the open
// file (block/fops.c, block/ioctl.c). What is not here is refused where the call is looked at (io_calls, aio_calls).
#pragma once

#include <sys/uio.h>

#include "runtime/preload/files/io_calls.hpp"

namespace daxemu::preload {

// Is `fd` open on a disk? A load for what is known to be foreign.
[[nodiscard]] bool is_disk(int fd);

// `offset` as in read_slow(); for descriptors of which is_disk() is true.
ssize_t read_disk(int fd, const iovec* pieces, int count, std::int64_t offset);
ssize_t write_disk(int fd, const iovec* pieces, int count, std::int64_t offset);
off_t seek_disk(int fd, off_t offset, int whence);

// Is the request one that disks have? Then `status` is what it returns.
bool control_disk(int fd, unsigned long request, void* argument, int& status);
// The same of a command of fcntl(2).
bool fcntl_disk(int fd, int command, long argument, RealStatus real, int& status);

} // namespace daxemu::preload
