#include "runtime/preload/process/unserved.hpp"

#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/at_exec.hpp"
#include "emu/base/program/program_file.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

constexpr int kMostInterpreters = 4; // exec_binprm() in fs/exec.c

store::Unserved reason_of(ProgramKind kind) {
  switch (kind) {
  case ProgramKind::linked_statically:
    return store::Unserved::linked_statically;
  case ProgramKind::own_calls:
    return store::Unserved::own_calls;
  case ProgramKind::foreign:
    return store::Unserved::foreign;
  case ProgramKind::dynamic:
  case ProgramKind::script:
  case ProgramKind::torn: // the kernel refuses it
  case ProgramKind::no_elf:
    break;
  }
  return store::Unserved::nothing;
}

// What loads a program, and us with it, without an interpreter of its own: the dynamic linker run by itself, and a tool
// of valgrind (.../libexec/valgrind/memcheck-amd64-linux).
DAXEMU_EXEC_PATH bool loads_programs(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = path.substr(slash + 1);
  const bool of_valgrind = slash != std::string_view::npos && path.substr(0, slash).ends_with("/valgrind");
  return of_valgrind || name.starts_with("ld-linux") || name.starts_with("ld.so") || name.starts_with("ld64");
}

DAXEMU_EXEC_PATH Result<int> open_program(int dirfd, const char* path) {
  return sys::openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

} // namespace

DAXEMU_EXEC_PATH void examine(int dirfd, const char* path, Examined& file) noexcept {
  file.program = path;
  const Context* context = path == nullptr ? nullptr : Context::get();
  auto raw = context == nullptr ? fail(ENOENT) : open_program(dirfd, path);
  for (int level = 0; raw && level <= kMostInterpreters; ++level) {
    const UniqueFd fd(*raw);
    const ProgramFile found = examine_program(fd.get());
    if (found.kind != ProgramKind::script) {
      const store::Unserved why =
          raises_privileges(fd.get()) ? store::Unserved::raises_privileges : reason_of(found.kind);
      file.why = loads_programs(file.program) ? store::Unserved::nothing : why;
      return;
    }
    file.interpreter = found.interpreter; // set-user-ID means nothing of a script
    file.program = file.interpreter.c_str();
    raw = open_program(AT_FDCWD, file.program);
  }
}

DAXEMU_EXEC_PATH void note_if_unserved(const Examined& file) noexcept {
  if (file.why != store::Unserved::nothing) {
    store::note_unserved(Context::get()->store(), file.program, file.why);
  }
}

void note_if_unserved(int fd) noexcept {
  PathText path; // whose name is what the program is known by
  if (Descriptors::path_of(fd, path)) {
    Examined file;
    examine(AT_FDCWD, path.c_str(), file);
    note_if_unserved(file);
  }
}

DAXEMU_EXEC_PATH bool find_in_path(const char* file, PathText& path) noexcept {
  if (file == nullptr || *file == '\0' || Context::get() == nullptr) {
    return false;
  }
  const std::string_view name(file);
  if (name.find('/') != std::string_view::npos) {
    return path.assign(name);
  }
  const char* variable = std::getenv("PATH");
  std::string_view rest(variable != nullptr ? variable : "/bin:/usr/bin"); // confstr(_CS_PATH)
  for (bool more = true; more;) {
    const std::size_t colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    more = colon != std::string_view::npos;
    rest.remove_prefix(more ? colon + 1 : rest.size());
    if (path.assign(directory.empty() ? "." : directory) && path.append("/") && path.append(name) &&
        sys::call(SYS_faccessat, AT_FDCWD, reinterpret_cast<long>(path.c_str()), X_OK)) {
      return true;
    }
  }
  return false;
}

} // namespace daxemu::preload
