// Programs that are about to be started and will not see the devices: noted in the platform's store, for `daxemu run`
// to tell of at its end.
#pragma once

#include "emu/base/text/fixed_string.hpp"
#include "emu/store/processes/unserved_log.hpp"
#include "runtime/preload/ground/path_text.hpp"

namespace daxemu::preload {

// A file that is about to be executed.
struct Examined {
  store::Unserved why = store::Unserved::nothing; // it, or what interprets it, would not see them
  const char* program = nullptr;                  // which of them: the path that was asked for, or `interpreter`
  FixedString<256> interpreter;
};
// Five system calls as a rule; no allocation (the caller may be a vforked child).
void examine(int dirfd, const char* path, Examined& file) noexcept;
// It is going to be executed.
void note_if_unserved(const Examined& file) noexcept;

// The file that execvp(3) starts. False: none.
[[nodiscard]] bool find_in_path(const char* file, PathText& path) noexcept;

// The same of an open file (fexecve).
void note_if_unserved(int fd) noexcept;

} // namespace daxemu::preload
