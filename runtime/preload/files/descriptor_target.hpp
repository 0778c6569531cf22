// What a descriptor leads to, and what it was opened for: asked by every call that takes one.
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/device_rules.hpp"

namespace daxemu::preload {

struct Target {
  FdClass what = FdClass::foreign;
  Context* context = nullptr;
};

inline Target target_of(int fd) {
  Context* context = Context::get();
  return context == nullptr ? Target{} : Target{context->descriptors().classify(fd), context};
}

// F_GETFL; O_PATH of what is no descriptor, which grants nothing either.
inline int status_flags(int fd) {
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  return flags ? static_cast<int>(*flags) : O_PATH;
}

inline bool grants(int flags, Access needed) {
  if ((flags & O_PATH) != 0) {
    return false;
  }
  const int mode = flags & O_ACCMODE;
  switch (needed) {
  case Access::readable:
    return mode == O_RDONLY || mode == O_RDWR;
  case Access::writable:
    return mode == O_WRONLY || mode == O_RDWR;
  case Access::none:
    break;
  }
  return true;
}

} // namespace daxemu::preload
