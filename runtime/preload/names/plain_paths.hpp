// Paths that are none of ours by their bytes alone, which is what most paths of most programs are: told after the
// kernel has answered (the text may be no memory before that). Not while PlainCalls::paths_tell() says no.
#pragma once

#include <fcntl.h>

#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/ground/plain_calls.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/names/path_bytes.hpp"

namespace daxemu::preload {

// fstatat(2) takes nullptr with AT_EMPTY_PATH (Linux 6.11). The hooks' own declarations say that it never is, and the
// compiler would believe them.
[[nodiscard, gnu::always_inline]] inline bool is_no_text(const char* path) noexcept {
  __asm__("" : "+r"(path));
  return path == nullptr;
}

// The kernel has found something at `path`. Can that only be a file of others? False: it is to be looked at.
[[nodiscard]] inline bool is_plainly_of_others(int dirfd, const char* path) noexcept {
  if (!PlainCalls::paths_tell() || is_no_text(path) || *path == '\0') {
    return false;
  }
  if (*path == '/') {
    return leads_elsewhere(path);
  }
  if (dirfd != AT_FDCWD) {
    return FdTable::is_foreign(dirfd);
  }
  return Context::made()->directory().is_plainly_far() && !may_go_up(path);
}

// The same of the most usual paths only, in as little code as can be: where PlainCalls has said that it may be asked.
[[nodiscard, gnu::always_inline]] inline bool is_usual(int dirfd, const char* path) noexcept {
  if (!PlainCalls::still_tell() || is_no_text(path)) [[unlikely]] {
    return false;
  }
  if (*path == '/') [[likely]] {
    return leads_elsewhere(path);
  }
  return dirfd != AT_FDCWD && *path != '\0' && FdTable::is_foreign(dirfd);
}

// The same of what is next to them: relative paths of a process that is nowhere near /dev, /sys and /proc. Asked out of
// line, in a function that has no other call in it.
[[nodiscard, gnu::always_inline]] inline bool is_usual_from_here(int dirfd, const char* path) noexcept {
  return dirfd == AT_FDCWD && PlainCalls::still_tell() && !is_no_text(path) && *path != '/' && *path != '\0' &&
         Context::made()->directory().is_plainly_far() && !may_go_up(path);
}

} // namespace daxemu::preload
