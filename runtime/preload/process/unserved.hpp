// Programs that are about to be started and will not see the devices: noted in the platform's store, for `daxemu run`
// to tell of at its end.
#pragma once

#include "emu/store/processes/unserved_log.hpp"
#include "runtime/preload/ground/path_text.hpp"

namespace daxemu::preload {

// Why the file at `path`, or what interprets it, would not see them. Three system calls as a rule; no allocation (the
// caller may be a vforked child).
[[nodiscard]] store::Unserved unserved_reason(int dirfd, const char* path) noexcept;
// The file that execvp(3) starts. False: none.
[[nodiscard]] bool find_in_path(const char* file, PathText& path) noexcept;

// The file at `path` from `dirfd` is about to be executed. Three system calls as a rule; no allocation (the caller may
// be a vforked child).
void note_if_unserved(int dirfd, const char* path) noexcept;
// The same of a name that execvp(3) looks for in PATH.
void note_if_unserved_in_path(const char* file) noexcept;
// The same of an open file (fexecve).
void note_if_unserved(int fd) noexcept;

} // namespace daxemu::preload
