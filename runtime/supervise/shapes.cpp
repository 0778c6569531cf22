#include "runtime/supervise/shapes.hpp"

#include <algorithm>
#include <array>

#include <sys/syscall.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

namespace daxemu::supervise {
namespace {

constexpr Shape path(int number, std::string_view arguments, bool opens = false) {
  return {number, Told::always, By::path, arguments, opens};
}
constexpr Shape descriptor(int number, std::string_view arguments) {
  return {number, Told::descriptor, By::descriptor, arguments};
}

constexpr std::array kShapes = {
    path(SYS_open, "Pnn", true),
    path(SYS_creat, "Pn", true),
    path(SYS_openat, "DPnn", true),
    path(SYS_openat2, "DPin", true),
    path(SYS_stat, "Pa"),
    path(SYS_lstat, "Pa"),
    path(SYS_newfstatat, "DPan"),
    path(SYS_statx, "DPnnx"),
    path(SYS_statfs, "Pf"),
    path(SYS_access, "Pn"),
    path(SYS_faccessat, "DPn"),
    path(SYS_faccessat2, "DPnn"),
    path(SYS_readlink, "Pon"),
    path(SYS_readlinkat, "DPon"),
    path(SYS_mkdir, "Pn"),
    path(SYS_mkdirat, "DPn"),
    path(SYS_rmdir, "P"),
    path(SYS_unlink, "P"),
    path(SYS_unlinkat, "DPn"),
    path(SYS_mknod, "Pnn"),
    path(SYS_mknodat, "DPnn"),
    path(SYS_symlink, "TP"),
    path(SYS_symlinkat, "TDP"),
    path(SYS_link, "PP"),
    path(SYS_linkat, "DPDPn"),
    path(SYS_rename, "PP"),
    path(SYS_renameat, "DPDP"),
    path(SYS_renameat2, "DPDPn"),
    path(SYS_truncate, "Pn"),
    path(SYS_utime, "Pu"),
    path(SYS_utimes, "Pv"),
    path(SYS_futimesat, "DPv"),
    path(SYS_utimensat, "DPtn"),
    path(SYS_chmod, "Pn"),
    path(SYS_fchmodat, "DPn"),
    path(SYS_fchmodat2, "DPnn"),
    path(SYS_chown, "Pnn"),
    path(SYS_lchown, "Pnn"),
    path(SYS_fchownat, "DPnnn"),
    path(SYS_inotify_add_watch, "FPn"),
    path(SYS_getxattr, "PTon"),
    path(SYS_lgetxattr, "PTon"),
    path(SYS_setxattr, "PTinn"),
    path(SYS_lsetxattr, "PTinn"),
    path(SYS_listxattr, "Pon"),
    path(SYS_llistxattr, "Pon"),
    path(SYS_removexattr, "PT"),
    path(SYS_lremovexattr, "PT"),
    descriptor(SYS_read, "Fon"),
    descriptor(SYS_write, "Fin"),
    descriptor(SYS_pread64, "Fonn"),
    descriptor(SYS_pwrite64, "Finn"),
    descriptor(SYS_readv, "FRn"),
    descriptor(SYS_writev, "FWn"),
    descriptor(SYS_preadv, "FRnnn"),
    descriptor(SYS_pwritev, "FWnnn"),
    descriptor(SYS_preadv2, "FRnnnn"),
    descriptor(SYS_pwritev2, "FWnnnn"),
    descriptor(SYS_lseek, "Fnn"),
    descriptor(SYS_fstat, "Fa"),
    descriptor(SYS_fstatfs, "Ff"),
    descriptor(SYS_fsync, "F"),
    descriptor(SYS_fdatasync, "F"),
    descriptor(SYS_sync_file_range, "Fnnn"),
    descriptor(SYS_ftruncate, "Fn"),
    descriptor(SYS_fallocate, "Fnnn"),
    descriptor(SYS_fadvise64, "Fnnn"),
    descriptor(SYS_readahead, "Fnn"),
    descriptor(SYS_getdents64, "Fon"),
    descriptor(SYS_fchmod, "Fn"),
    descriptor(SYS_fchown, "Fnn"),
    descriptor(SYS_fgetxattr, "FTon"),
    descriptor(SYS_fsetxattr, "FTinn"),
    descriptor(SYS_flistxattr, "Fon"),
    descriptor(SYS_fremovexattr, "FT"),
    Shape{SYS_ioctl, Told::descriptor, By::control, "Fnn"},
    Shape{SYS_fcntl, Told::descriptor, By::control, "Fnn"},
    Shape{SYS_dup, Told::descriptor, By::copy, "F"},
    Shape{SYS_dup2, Told::descriptor, By::copy, "Fn"},
    Shape{SYS_dup3, Told::descriptor, By::copy, "Fnn"},
    Shape{SYS_chdir, Told::always, By::directory, "P"},
    Shape{SYS_fchdir, Told::always, By::directory, "F"},
    Shape{SYS_getcwd, Told::always, By::directory, "on"},
    Shape{SYS_copy_file_range, Told::pair, By::transfer, "FnFnnn"},
    Shape{SYS_execve, Told::always, By::program, "Pnn"},
    Shape{SYS_execveat, Told::always, By::program, "DPnnn"},
    Shape{SYS_mmap, Told::mapping, By::memory, "nnnnFn"},
    Shape{SYS_munmap, Told::range, By::memory, "nn"},
    Shape{SYS_mprotect, Told::range, By::memory, "nnn"},
    Shape{SYS_pkey_mprotect, Told::range, By::memory, "nnnn"},
    Shape{SYS_madvise, Told::range, By::memory, "nnn"},
    Shape{SYS_msync, Told::range, By::memory, "nnn"},
    Shape{SYS_mbind, Told::range, By::memory, "nnnnnn"},
    Shape{SYS_remap_file_pages, Told::range, By::memory, "nnnnn"},
    Shape{SYS_mremap, Told::moving, By::memory, "nnnnn"},
    Shape{kMseal, Told::range, By::memory, "nnn"},
};

} // namespace

std::span<const Shape> shapes() {
  return kShapes;
}

const Shape* shape_of(int number) {
  const auto* found =
      std::find_if(kShapes.begin(), kShapes.end(), [number](const Shape& shape) { return shape.number == number; });
  return found == kShapes.end() ? nullptr : found;
}

} // namespace daxemu::supervise
