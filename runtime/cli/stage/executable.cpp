#include "runtime/cli/stage/executable.hpp"

#include <cstdlib>
#include <cstring>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/program_file.hpp"

namespace daxemu::cli {
namespace {

constexpr int kMaxInterpreters = 4; // BINPRM_BUF's recursion limit in fs/exec.c

Outcome<std::string> locate(const std::string& command) {
  if (command.find('/') != std::string::npos) {
    struct stat st = {};
    if (::stat(command.c_str(), &st) != 0) {
      return refuse(ENOENT, command + ": " + std::strerror(errno), "check the path of the command");
    }
    if (!S_ISREG(st.st_mode) || ::access(command.c_str(), X_OK) != 0) {
      return refuse(EACCES, command + " is not an executable file", "check its type and permissions");
    }
    return command;
  }
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string candidate = (directory.empty() ? "." : directory) + "/" + command;
    struct stat st = {};
    if (::stat(candidate.c_str(), &st) == 0 && S_ISREG(st.st_mode) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return refuse(ENOENT, "command '" + command + "' not found in PATH", "install it or give its path");
}

Outcome<void> check_privileges(const std::string& path) {
  struct stat st = {};
  if (::stat(path.c_str(), &st) != 0) {
    return refuse(ENOENT, path + ": " + std::strerror(errno), "check the path of the command");
  }
  const bool raises_caps = ::geteuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
  // To the very user who runs it (root's su, for one) it raises nothing, and the dynamic linker preloads as ever.
  if (raises_caps || sets_identity(st)) {
    return refuse(EPERM,
                  path + (raises_caps ? " has file capabilities" : " is a set-user-ID or set-group-ID program") +
                      ": the dynamic linker keeps preloaded libraries out of it",
                  "run the program it would start directly, or a copy of it without these bits");
  }
  return {};
}

Outcome<void> check_kind(const std::string& path, ProgramKind kind, Reach reach) {
  const bool past_libraries = kind == ProgramKind::own_calls || kind == ProgramKind::linked_statically;
  if (past_libraries && reach == Reach::every_program) {
    return {};
  }
  switch (kind) {
  case ProgramKind::foreign:
    return refuse(ENOEXEC, path + " is a program for another machine or a 32-bit one",
                  "daxemu runs 64-bit programs of this machine's kind");
  case ProgramKind::own_calls: // they open files by system calls of their own, which no library sees
    return refuse(ENOEXEC, path + " is a Go program: it makes system calls of its own, which do not see the devices",
                  "leave out --intercept libc");
  case ProgramKind::linked_statically:
    return refuse(ENOEXEC, path + " is statically linked: no library can be preloaded into it",
                  "leave out --intercept libc, or link it dynamically");
  case ProgramKind::torn:
    return refuse(ENOEXEC, path + " is no ELF program", "give a program for this machine");
  case ProgramKind::dynamic:
  case ProgramKind::script:
  case ProgramKind::no_elf: // a script without "#!": execvp(3) gives it to /bin/sh
    break;
  }
  return {};
}

Outcome<void> check_image(const std::string& path, Reach reach, int depth) {
  if (auto plain = check_privileges(path); !plain) {
    return plain;
  }
  const auto raw = sys::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return {}; // executable but not readable: nothing can be known, and the dynamic linker will tell
  }
  const UniqueFd fd(*raw);
  const ProgramFile file = examine_program(fd.get());
  if (file.kind != ProgramKind::script) {
    return check_kind(path, file.kind, reach);
  }
  const std::string interpreter(file.interpreter.view());
  if (depth >= kMaxInterpreters) {
    return refuse(ELOOP, path + ": too many interpreters", "run its interpreter directly");
  }
  if (::access(interpreter.c_str(), X_OK) != 0) {
    return refuse(ENOENT, path + ": its interpreter " + interpreter + " cannot be run", "install the interpreter");
  }
  return check_image(interpreter, reach, depth + 1);
}

} // namespace

Outcome<std::string> find_executable(const std::string& command, Reach reach) {
  auto path = locate(command);
  if (path) {
    if (auto image = check_image(*path, reach, 0); !image) {
      return tl::unexpected(image.error());
    }
  }
  return path;
}

} // namespace daxemu::cli
