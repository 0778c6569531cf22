// File systems, swap, accounting.
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/swap.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/paths/mount_calls.hpp"

using namespace daxemu::preload;

DAXEMU_REAL(swapon, int(const char*, int));
DAXEMU_HOOK(int, swapon, (const char* path, int flags)) {
  return refuse_as_device(path, [=](const char* p) { return real_swapon(p, flags); });
}
DAXEMU_REAL(swapoff, int(const char*));
DAXEMU_HOOK(int, swapoff, (const char* path)) {
  return refuse_as_device(path, [](const char* p) { return real_swapoff(p); });
}
DAXEMU_REAL(acct, int(const char*));
DAXEMU_HOOK(int, acct, (const char* path)) {
  return refuse_as_device(path, [](const char* p) { return real_acct(p); });
}
DAXEMU_REAL(quotactl, int(int, const char*, int, char*));
DAXEMU_HOOK(int, quotactl, (int command, const char* path, int id, char* about)) {
  return refuse_as_device(path, [=](const char* p) { return real_quotactl(command, p, id, about); });
}
DAXEMU_REAL(mount, int(const char*, const char*, const char*, unsigned long, const void*));
DAXEMU_HOOK(int, mount,
            (const char* source, const char* target, const char* type, unsigned long flags, const void* data)) {
  Context::before_other_mounts();
  return mount_path(source, target, flags,
                    [=](const char* from, const char* to) { return real_mount(from, to, type, flags, data); });
}
DAXEMU_REAL(umount, int(const char*));
DAXEMU_HOOK(int, umount, (const char* path)) {
  Context::before_other_mounts();
  return unmount_path(path, Follow::always, [](const char* p) { return real_umount(p); });
}
DAXEMU_REAL(umount2, int(const char*, int));
DAXEMU_HOOK(int, umount2, (const char* path, int flags)) {
  Context::before_other_mounts();
  return unmount_path(path, (flags & UMOUNT_NOFOLLOW) != 0 ? Follow::not_last : Follow::always,
                      [=](const char* p) { return real_umount2(p, flags); });
}
DAXEMU_REAL(fspick, int(int, const char*, unsigned));
DAXEMU_HOOK(int, fspick, (int dirfd, const char* path, unsigned flags)) {
  return on_mount_of(dirfd, path, (flags & FSPICK_SYMLINK_NOFOLLOW) != 0 ? Follow::not_last : Follow::always,
                     [=](const char* p) { return real_fspick(dirfd, p, flags); });
}
extern "C" int pivot_root(const char* root, const char* old); // in no header
DAXEMU_REAL(pivot_root, int(const char*, const char*));
DAXEMU_HOOK(int, pivot_root, (const char* root, const char* old)) {
  Context::before_other_mounts();
  return on_mount_of(AT_FDCWD, root, Follow::always, [=](const char* p) { return real_pivot_root(p, old); });
}
DAXEMU_REAL(move_mount, int(int, const char*, int, const char*, unsigned));
DAXEMU_HOOK(int, move_mount, (int from_dirfd, const char* from, int to_dirfd, const char* to, unsigned flags)) {
  Context::before_other_mounts();
  const auto follow = [flags](unsigned flag) { return (flags & flag) != 0 ? Follow::always : Follow::not_last; };
  return move_mount_path(
      {from_dirfd, from, follow(MOVE_MOUNT_F_SYMLINKS)}, {to_dirfd, to, follow(MOVE_MOUNT_T_SYMLINKS)},
      [=](const char* what, const char* where) { return real_move_mount(from_dirfd, what, to_dirfd, where, flags); });
}
DAXEMU_REAL(mount_setattr, int(int, const char*, unsigned, struct mount_attr*, size_t));
DAXEMU_HOOK(int, mount_setattr, (int dirfd, const char* path, unsigned flags, struct mount_attr* attr, size_t size)) {
  return on_mount_of(dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::not_last : Follow::always,
                     [=](const char* p) { return real_mount_setattr(dirfd, p, flags, attr, size); });
}
