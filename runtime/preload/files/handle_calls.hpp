// name_to_handle_at(2), open_by_handle_at(2) and open_tree(2) of nodes. The handle of a device's node is devtmpfs's own
// form (shmem_encode_fh(): type 1, a generation and the inode's number), told from the machine's by that number.
#pragma once

#include <fcntl.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// `real` asks with another path. EOVERFLOW: the handle needs 12 bytes, which is said in `handle_bytes`.
int handle_of_path(int dirfd, const char* path, file_handle* handle, int* mount_id, int flags,
                   FunctionRef<int(int dirfd, const char* path)> real);

int open_handle(int mount_fd, file_handle* handle, int flags, FunctionRef<int()> real);

// Without OPEN_TREE_CLONE that is open(2) with O_PATH. A clone would be a mount of the kernel's: ENOENT, as without us.
int open_tree_path(int dirfd, const char* path, unsigned flags, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
