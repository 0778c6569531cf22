// A file that stands for a device's node where the kernel is to mount it. The file that descriptors of the node are of
// is no such one: a memory file is on no mount of the program's mount namespace, and the kernel binds nothing else.
#pragma once

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::preload {

// A tree of one mount, as open_tree(2) with OPEN_TREE_CLONE gives it, close-on-exec: for move_mount(2). Its file is
// empty, on a file system of its own that has no room, and ends with the last mount and descriptor of it; the store
// knows it. Takes what mount(2) takes: CAP_SYS_ADMIN in the mount namespace. Errors: EPERM, those of the calls.
[[nodiscard]] Result<UniqueFd> make_stand_in(const store::Store& store, store::DeviceRecord& device);

} // namespace daxemu::preload
