// open(2) on any path.
#pragma once

#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <linux/openat2.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/files/lock_calls.hpp"
#include "runtime/preload/memory/core_dump.hpp"
#include "runtime/preload/paths/direct_call.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/procfs/proc_files.hpp"

namespace daxemu::preload {

// build_open_how(): a path only is neither made nor emptied.
[[nodiscard]] constexpr int effective(int flags) {
  return (flags & O_PATH) != 0 ? flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : flags;
}
[[nodiscard]] constexpr Follow follow_of_open(int flags) {
  flags = effective(flags);
  const bool follows = (flags & O_NOFOLLOW) == 0 && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  return follows ? Follow::always : Follow::not_last;
}

// Could the kernel, with these flags, create what a dangling link to an emulated node names?
[[nodiscard]] bool may_create_through_link(int dirfd, const char* path, int flags);

// Does the opening itself change something, so that the kernel must not be asked before we know whose the path is?
[[nodiscard]] constexpr bool changes_by_opening(int flags) {
  return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}
// Or would the kernel's answer, thrown away where the path is ours (/proc/self/fd/N), let go of locks?
[[nodiscard]] bool drops_locks(const char* path);
[[nodiscard]] inline bool is_asked_last(int flags, const char* path) {
  return changes_by_opening(flags) || (may_hold_record_locks() && drops_locks(path));
}
// Does it change nothing, and is what it opens only read?
[[nodiscard]] constexpr bool only_reads(int flags) {
  constexpr int kTemporary = O_TMPFILE & ~O_DIRECTORY;
  return (flags & (O_ACCMODE | O_CREAT | O_TRUNC | kTemporary)) == 0;
}
// For hooks that make the system call themselves: the kernel has opened `fd`, or said no (errno), for the path as it
// is. Is that the answer? Not if it is "no such path", or ENXIO: no driver of that number. Else open_asked() goes on
// with it. What it opened is forgotten by FdTable.
[[nodiscard]] bool refused_open_is_settled(int dirfd, const char* path, int flags) noexcept;
[[nodiscard]] inline bool open_is_settled(int fd, int dirfd, const char* path, int flags) noexcept {
  if (fd < 0) [[unlikely]] {
    return refused_open_is_settled(dirfd, path, flags);
  }
  return is_settled(fd, dirfd, path, follow_of_open(flags)) && (path[1] != 'p' || !ProcFiles::is_one(path)) &&
         ((flags & O_ACCMODE) == O_RDONLY || !CoreDump::is_filter(path, flags));
}
int open_asked(int dirfd, const char* path, int flags, int fd, FunctionRef<int(const char*)> real);
// While the program searches (Searching), of what is only read: the number, or the negative code of what is not there
// or of a wait that a signal has ended, which is the answer; kNotAsked: it is to be asked as usual.
[[nodiscard]] long open_searched(int dirfd, const char* path, int flags) noexcept;

// While paths are expected to be ours (Expectation), before the kernel is asked: is this one below /sys, and ours? Then
// `fd` is the answer.
[[nodiscard]] bool open_expected(const char* path, int flags, int& fd);

// openat2(2): the walk to a node keeps to what `how` allows (RESOLVE_*), as the kernel's does. `size` is that of what
// `how` points at.
int open_how_path(int dirfd, const char* path, const open_how* how, std::size_t size);

// The node that a path with the call's `dirfd` was found to lead to. Errors: Opener::open's.
[[nodiscard]] Result<int> open_node(const Context& context, const Resolution& found, int dirfd, int flags);

// Opens `path`; `real` asks libc for a path with the caller's dirfd, flags and mode.
int open_path(int dirfd, const char* path, int flags, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
