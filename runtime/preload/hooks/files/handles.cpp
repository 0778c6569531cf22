// Handles of files, and trees of mounts.
#include <fcntl.h>
#include <sys/mount.h>

#include "runtime/preload/files/handle_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"

using namespace daxemu::preload;

DAXEMU_REAL(name_to_handle_at, int(int, const char*, file_handle*, int*, int));
DAXEMU_HOOK(int, name_to_handle_at, (int dirfd, const char* path, file_handle* handle, int* mount_id, int flags)) {
  return handle_of_path(dirfd, path, handle, mount_id, flags,
                        [=](int at, const char* p) { return real_name_to_handle_at(at, p, handle, mount_id, flags); });
}
DAXEMU_REAL(open_by_handle_at, int(int, file_handle*, int));
DAXEMU_HOOK(int, open_by_handle_at, (int mount_fd, file_handle* handle, int flags)) {
  return open_handle(mount_fd, handle, flags, [=] { return real_open_by_handle_at(mount_fd, handle, flags); });
}
DAXEMU_REAL(open_tree, int(int, const char*, unsigned));
DAXEMU_HOOK(int, open_tree, (int dirfd, const char* path, unsigned flags)) {
  return open_tree_path(dirfd, path, flags, [=](const char* p) { return real_open_tree(dirfd, p, flags); });
}
