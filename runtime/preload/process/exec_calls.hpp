// execve(2), posix_spawn(3) and their variants: the program's path, and the environment it is given.
#pragma once

#include "emu/base/function_ref.hpp"
#include "runtime/preload/names/resolver.hpp"

namespace daxemu::preload {

// Runs `real` with the environment that a child of a program with `environment` is to get.
int with_child_environment(char* const* environment, FunctionRef<int(char* const*)> real);

using ExecCall = FunctionRef<int(const char* path, char* const* arguments, char* const* environment)>;

// exec of a path: nothing emulated is a program (EACCES), which the kernel says when it has looked at the arguments.
int exec_path(int dirfd, const char* path, char* const* arguments, char* const* environment, ExecCall real,
              Follow follow = Follow::always);
// execveat(2)
int exec_path_by_flags(int dirfd, const char* path, char* const* arguments, char* const* environment, int flags,
                       ExecCall real);
// fexecve(3)
int exec_descriptor(int fd, char* const* arguments, char* const* environment, FunctionRef<int(char* const*)> real);
// posix_spawn(3): the error is returned.
int spawn_path(const char* path, char* const* arguments, char* const* environment, ExecCall real);

// Puts our variables back into `environ` itself, for calls that start a shell inside libc (system, popen).
void restore_environ();

// posix_spawn_file_actions_init(3), _destroy(3): the list is empty.
int begin_actions(const void* actions, FunctionRef<int()> real);
// posix_spawn_file_actions_addchdir_np(3) and addfchdir_np: what the child opens later, it opens from there.
int enter_in_child(const void* actions, const char* directory, FunctionRef<int()> real);
int enter_in_child(const void* actions, int directory, FunctionRef<int()> real);
// An open(2) that a spawned child does inside libc: of a device's node, if it can be opened now, it is that of the file
// that its descriptors are of. `real` takes path and flags and returns an errno value.
int open_in_child(const void* actions, const char* path, int flags, FunctionRef<int(const char*, int)> real);

} // namespace daxemu::preload
