// exec and its variants, posix_spawn, and the calls that start a shell.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/program_variable.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"
#include "runtime/preload/process/exec_calls.hpp"
#include "runtime/preload/process/served_outside.hpp"
#include "runtime/preload/process/unserved.hpp"

using namespace daxemu::preload;

namespace {

using Vector = char* const*;
DAXEMU_REAL(execve, int(const char*, Vector, Vector));
DAXEMU_REAL(execvpe, int(const char*, Vector, Vector));
DAXEMU_REAL(fexecve, int(int, Vector, Vector));
DAXEMU_REAL(execveat, int(int, const char*, Vector, Vector, int));
DAXEMU_REAL(system, int(const char*));
DAXEMU_REAL(popen, FILE*(const char*, const char*));

int exec(const char* path, Vector arguments, Vector environment) {
  return exec_path(AT_FDCWD, path, arguments, environment,
                   [=](const char* p, Vector list, Vector child) { return real_execve(p, list, child); });
}
int exec_searching(const char* file, Vector arguments, Vector environment) {
  return with_child_environment(environment, [=](Vector child) {
    return start_served_in_path(
        file, arguments, child, [=](const char* p, Vector list) { return real_execve(p, list, child); },
        [=] { return real_execvpe(file, arguments, child); });
  });
}

// The variable arguments of execl and its kin as an array on the stack: from `first`, which is in `arguments[0]`'s
// place, to the null pointer.
#define DAXEMU_GATHER(first, list, gathered)                                                                           \
  va_list list;                                                                                                        \
  va_start(list, first);                                                                                               \
  std::size_t count = 1;                                                                                               \
  for (const char* next = first; next != nullptr; next = va_arg(list, const char*)) {                                  \
    ++count;                                                                                                           \
  }                                                                                                                    \
  va_end(list);                                                                                                        \
  auto** gathered = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*)));                                \
  std::size_t filled = 0;                                                                                              \
  va_start(list, first);                                                                                               \
  for (const char* next = first; next != nullptr; next = va_arg(list, const char*)) {                                  \
    gathered[filled++] = const_cast<char*>(next);                                                                      \
  }                                                                                                                    \
  gathered[filled] = nullptr

} // namespace

DAXEMU_HOOK(int, execve, (const char* path, Vector arguments, Vector environment)) {
  return exec(path, arguments, environment);
}
DAXEMU_HOOK(int, execv, (const char* path, Vector arguments)) {
  return exec(path, arguments, *program_environment);
}
DAXEMU_HOOK(int, execvp, (const char* file, Vector arguments)) {
  return exec_searching(file, arguments, *program_environment);
}
DAXEMU_HOOK(int, execvpe, (const char* file, Vector arguments, Vector environment)) {
  return exec_searching(file, arguments, environment);
}
DAXEMU_HOOK(int, execl, (const char* path, const char* first, ...)) {
  DAXEMU_GATHER(first, list, arguments);
  va_end(list);
  return exec(path, arguments, *program_environment);
}
DAXEMU_HOOK(int, execlp, (const char* file, const char* first, ...)) {
  DAXEMU_GATHER(first, list, arguments);
  va_end(list);
  return exec_searching(file, arguments, *program_environment);
}
DAXEMU_HOOK(int, execle, (const char* path, const char* first, ...)) {
  DAXEMU_GATHER(first, list, arguments);
  Vector environment = va_arg(list, Vector);
  va_end(list);
  return exec(path, arguments, environment);
}
DAXEMU_HOOK(int, fexecve, (int fd, Vector arguments, Vector environment)) {
  return exec_descriptor(fd, arguments, environment, [=](Vector child) {
    note_if_unserved(fd);
    return real_fexecve(fd, arguments, child);
  });
}
DAXEMU_HOOK(int, execveat, (int dirfd, const char* path, Vector arguments, Vector environment, int flags)) {
  const auto real = [=](const char* p, Vector list, Vector child) {
    return real_execveat(dirfd, p, list, child, flags);
  };
  return exec_path_by_flags(dirfd, path, arguments, environment, flags, real);
}

using Spawn = int(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, Vector, Vector);
DAXEMU_REAL(posix_spawn, Spawn);
DAXEMU_REAL(posix_spawnp, Spawn);
DAXEMU_HOOK(int, posix_spawn,
            (pid_t * pid, const char* path, const posix_spawn_file_actions_t* actions,
             const posix_spawnattr_t* attributes, Vector arguments, Vector environment)) {
  VnodeFiles::settle_all();
  return spawn_path(path, arguments, environment, [=](const char* p, Vector list, Vector child) {
    return real_posix_spawn(pid, p, actions, attributes, list, child);
  });
}
DAXEMU_HOOK(int, posix_spawnp,
            (pid_t * pid, const char* file, const posix_spawn_file_actions_t* actions,
             const posix_spawnattr_t* attributes, Vector arguments, Vector environment)) {
  VnodeFiles::settle_all();
  return with_child_environment(environment, [=](Vector child) {
    return start_served_in_path(
        file, arguments, child,
        [=](const char* p, Vector list) { return real_posix_spawn(pid, p, actions, attributes, list, child); },
        [=] { return real_posix_spawnp(pid, file, actions, attributes, arguments, child); });
  });
}

#define DAXEMU_ACTIONS_HOOK(name)                                                                                      \
  DAXEMU_REAL(name, int(posix_spawn_file_actions_t*));                                                                 \
  DAXEMU_HOOK(int, name, (posix_spawn_file_actions_t * actions)) {                                                     \
    return begin_actions(actions, [=] { return real_##name(actions); });                                               \
  }
DAXEMU_ACTIONS_HOOK(posix_spawn_file_actions_init)
DAXEMU_ACTIONS_HOOK(posix_spawn_file_actions_destroy)
#define DAXEMU_ENTER_HOOK(name, type)                                                                                  \
  DAXEMU_REAL(name, int(posix_spawn_file_actions_t*, type));                                                           \
  DAXEMU_HOOK(int, name, (posix_spawn_file_actions_t * actions, type directory)) {                                     \
    return enter_in_child(actions, directory, [=] { return real_##name(actions, directory); });                        \
  }
DAXEMU_ENTER_HOOK(posix_spawn_file_actions_addchdir_np, const char*)
DAXEMU_ENTER_HOOK(posix_spawn_file_actions_addfchdir_np, int)

// The child that posix_spawn(3) makes opens it by itself: what it can be told is where the device's memory is.
DAXEMU_REAL(posix_spawn_file_actions_addopen, int(posix_spawn_file_actions_t*, int, const char*, int, mode_t));
DAXEMU_HOOK(int, posix_spawn_file_actions_addopen,
            (posix_spawn_file_actions_t * actions, int fd, const char* path, int flags, mode_t mode)) {
  return open_in_child(actions, path, flags, [=](const char* p, int f) {
    return real_posix_spawn_file_actions_addopen(actions, fd, p, f, mode);
  });
}

DAXEMU_HOOK(int, system, (const char* command)) {
  restore_environ();
  return real_system(command);
}
DAXEMU_HOOK(FILE*, popen, (const char* command, const char* type)) {
  restore_environ();
  return real_popen(command, type);
}
