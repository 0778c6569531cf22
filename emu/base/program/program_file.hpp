// What kind of program a file is, as far as that decides whether a library can be preloaded into it and sees its calls.
// No allocation: it is asked on the way into exec(2), in vforked children too.
#pragma once

#include <sys/stat.h>

#include "emu/base/text/fixed_string.hpp"

namespace daxemu {

enum class ProgramKind {
  dynamic,           // the dynamic linker starts it
  linked_statically, // no PT_INTERP
  foreign,           // of another machine, or 32-bit
  own_calls,         // Go: it makes system calls of its own, whoever starts it
  script,            // "#!"
  torn,              // begins as ELF, and is none
  no_elf,            // anything else: what execvp(3) gives to the shell, or what the kernel refuses
};

struct ProgramFile {
  ProgramKind kind = ProgramKind::no_elf;
  FixedString<256> interpreter; // of a script
};

// Reads the file's head by `fd`, wherever its position is.
[[nodiscard]] ProgramFile examine_program(int fd) noexcept;

// Does the file's mode make who runs it, this process, another user or group?
[[nodiscard]] bool sets_identity(const struct stat& about) noexcept;

// Would exec(2) by this process give the program other credentials, so that the dynamic linker keeps preloaded
// libraries out of it (secureexec in fs/exec.c, security/commoncap.c)?
[[nodiscard]] bool raises_privileges(int fd) noexcept;

} // namespace daxemu
