// Links, canonical names, the working directory and the root.
#include <climits>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/paths/path_calls.hpp"

using namespace daxemu::preload;

DAXEMU_REAL(readlink, ssize_t(const char*, char*, size_t));
DAXEMU_HOOK(ssize_t, readlink, (const char* path, char* into, size_t size)) {
  return read_link(AT_FDCWD, path, into, size, [=](const char* p) { return real_readlink(p, into, size); });
}
DAXEMU_REAL(readlinkat, ssize_t(int, const char*, char*, size_t));
DAXEMU_HOOK(ssize_t, readlinkat, (int dirfd, const char* path, char* into, size_t size)) {
  return read_link(dirfd, path, into, size, [=](const char* p) { return real_readlinkat(dirfd, p, into, size); });
}
DAXEMU_REAL(__readlink_chk, ssize_t(const char*, char*, size_t, size_t));
DAXEMU_HOOK(ssize_t, __readlink_chk, (const char* path, char* into, size_t size, size_t room)) {
  if (size > room) {
    return real___readlink_chk(path, into, size, room); // aborts
  }
  return read_link(AT_FDCWD, path, into, size, [=](const char* p) { return real___readlink_chk(p, into, size, room); });
}
DAXEMU_REAL(__readlinkat_chk, ssize_t(int, const char*, char*, size_t, size_t));
DAXEMU_HOOK(ssize_t, __readlinkat_chk, (int dirfd, const char* path, char* into, size_t size, size_t room)) {
  if (size > room) {
    return real___readlinkat_chk(dirfd, path, into, size, room); // aborts
  }
  return read_link(dirfd, path, into, size,
                   [=](const char* p) { return real___readlinkat_chk(dirfd, p, into, size, room); });
}

DAXEMU_REAL(realpath, char*(const char*, char*));
DAXEMU_HOOK(char*, realpath, (const char* path, char* resolved)) {
  return real_path(path, resolved, [=](const char* p) { return real_realpath(p, resolved); });
}
DAXEMU_REAL(__realpath_chk, char*(const char*, char*, size_t));
DAXEMU_HOOK(char*, __realpath_chk, (const char* path, char* resolved, size_t room)) {
  if (resolved != nullptr && room < PATH_MAX) {
    return real___realpath_chk(path, resolved, room); // aborts
  }
  return real_path(path, resolved, [=](const char* p) { return real___realpath_chk(p, resolved, room); });
}
DAXEMU_REAL(canonicalize_file_name, char*(const char*));
DAXEMU_HOOK(char*, canonicalize_file_name, (const char* path)) {
  return real_path(path, nullptr, [=](const char* p) { return real_canonicalize_file_name(p); });
}

DAXEMU_REAL(getcwd, char*(char*, size_t));
DAXEMU_HOOK(char*, getcwd, (char* into, size_t size)) {
  return working_directory(into, size, [=] { return real_getcwd(into, size); });
}
DAXEMU_REAL(__getcwd_chk, char*(char*, size_t, size_t));
DAXEMU_HOOK(char*, __getcwd_chk, (char* into, size_t size, size_t room)) {
  return size > room ? real___getcwd_chk(into, size, room)
                     : working_directory(into, size, [=] { return real___getcwd_chk(into, size, room); });
}
DAXEMU_REAL(getwd, char*(char*));
DAXEMU_HOOK(char*, getwd, (char* into)) {
  return working_directory(into, PATH_MAX, [=] { return real_getwd(into); });
}
DAXEMU_REAL(__getwd_chk, char*(char*, size_t));
DAXEMU_HOOK(char*, __getwd_chk, (char* into, size_t room)) {
  return room < PATH_MAX ? real___getwd_chk(into, room)
                         : working_directory(into, PATH_MAX, [=] { return real___getwd_chk(into, room); });
}
DAXEMU_REAL(get_current_dir_name, char*());
DAXEMU_HOOK(char*, get_current_dir_name, ()) {
  return working_directory(nullptr, 0, [] { return real_get_current_dir_name(); });
}
DAXEMU_REAL(chdir, int(const char*));
DAXEMU_HOOK(int, chdir, (const char* path)) {
  return change_directory(path, [](const char* p) { return real_chdir(p); });
}
DAXEMU_REAL(fchdir, int(int));
DAXEMU_HOOK(int, fchdir, (int fd)) {
  return change_directory_to(fd, [fd] { return real_fchdir(fd); });
}

DAXEMU_REAL(chroot, int(const char*));
DAXEMU_HOOK(int, chroot, (const char* path)) {
  Context::before_other_mounts();
  return change_root(path, [](const char* p) { return real_chroot(p); });
}
