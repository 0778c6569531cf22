// Calls about file systems, swap and accounting, of a path that is a node's. None of them takes a character device,
// each for its own reason and after its own checks: so the kernel is asked of one that it has (or of a file that is
// nobody's mount), and its answer is the node's.
#pragma once

#include <fcntl.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/names/resolver.hpp"

namespace daxemu::preload {

// swapon(2), swapoff(2), acct(2), quotactl(2), and the source of mount(2): of /dev/null. `real` never succeeds with it.
// A disk is EOPNOTSUPP.
int refuse_as_device(const char* path, FunctionRef<int(const char*)> real);

// umount2(2), fspick(2), mount_setattr(2), and the target of mount(2): of a file that no file system is mounted on.
int refuse_as_target(int dirfd, const char* path, Follow follow, FunctionRef<int(const char*)> real);

// mount(2). With MS_BIND or MS_MOVE a node would have to be one of the kernel's: ENOENT, as without us.
int mount_path(const char* source, const char* target, unsigned long flags,
               FunctionRef<int(const char* source, const char* target)> real);

} // namespace daxemu::preload
