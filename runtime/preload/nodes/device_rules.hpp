// What calls on an open device-dax do that are neither mmap nor close. The character device has open, release, mmap,
// get_unmapped_area and a llseek that does nothing (dax_fops in drivers/dax/device.c); everything else is refused, each
// call by its own check in the kernel.
#pragma once

#include <cerrno>
#include <cstddef>

#include "emu/trace/why.hpp"

namespace daxemu::preload {

enum class Operation {
  read,
  write,
  sync,       // fsync, fdatasync
  truncate,   // ftruncate
  allocate,   // fallocate
  copy,       // sendfile, splice, copy_file_range, tee
  read_ahead, // readahead
  sync_range, // sync_file_range
  control,    // ioctl
  seal,       // fcntl F_ADD_SEALS, F_GET_SEALS
};

// How the call must be permitted to reach the refusal: a descriptor without it is EBADF first.
enum class Access { none, readable, writable };

struct Rule {
  Operation operation;
  Access needs;
  int error;
  trace::Reason reason = trace::Reason::device_has_no_io;
};

inline constexpr Rule kDeviceRules[] = {
    {Operation::read, Access::readable, EINVAL},  // vfs_read: no FMODE_CAN_READ
    {Operation::write, Access::writable, EINVAL}, // vfs_write: no FMODE_CAN_WRITE
    {Operation::sync, Access::none, EINVAL},      // vfs_fsync_range: no fsync
    {Operation::truncate, Access::none, EINVAL},  // do_ftruncate: no regular file
    {Operation::allocate, Access::writable, ENODEV, trace::Reason::device_has_no_fallocate},
    {Operation::copy, Access::none, EINVAL},
    {Operation::read_ahead, Access::readable, EINVAL},
    {Operation::sync_range, Access::none, ESPIPE},
    {Operation::control, Access::none, ENOTTY, trace::Reason::device_has_no_ioctl},
    {Operation::seal, Access::none, EINVAL},
};

[[nodiscard]] constexpr const Rule& device_rule(Operation operation) {
  return kDeviceRules[static_cast<std::size_t>(operation)];
}

} // namespace daxemu::preload
