#include "runtime/cli/executable.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace daxemu::cli {
namespace {

constexpr int kMaxInterpreters = 4; // BINPRM_BUF's recursion limit in fs/exec.c

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "daxemu knows x86-64 and arm64"
#endif

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
  const bool raises_user = (st.st_mode & S_ISUID) != 0 && st.st_uid != ::geteuid();
  const bool raises_group = (st.st_mode & S_ISGID) != 0 && (st.st_mode & S_IXGRP) != 0 && st.st_gid != ::getegid();
  const bool raises_caps = ::geteuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
  // Set-user-ID to the very user who runs it raises nothing; yet most such programs are run by others too.
  const bool setid = (st.st_mode & S_ISUID) != 0 || raises_group;
  if (raises_user || raises_caps || setid) {
    return refuse(EPERM,
                  path + (raises_caps ? " has file capabilities" : " is a set-user-ID or set-group-ID program") +
                      ": the dynamic linker keeps preloaded libraries out of it",
                  "run the program it would start directly, or a copy of it without these bits");
  }
  return {};
}

// The interpreter named in a "#!" line, or empty.
std::string interpreter_of(const std::string& head) {
  if (!head.starts_with("#!")) {
    return {};
  }
  std::istringstream line(head.substr(2, head.find('\n') - 2));
  std::string interpreter;
  line >> interpreter;
  return interpreter;
}

// Go's linker leaves a note, in programs that the dynamic linker starts as well. They open files by system calls of
// their own, which no library sees.
bool has_go_note(std::ifstream& file, const Elf64_Phdr& segment) {
  constexpr std::size_t kMost = 4096;
  constexpr std::string_view kGo("Go\0\0", 4);
  constexpr Elf64_Word kBuildId = 4;
  std::string notes(std::min<std::size_t>(segment.p_filesz, kMost), '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(segment.p_offset));
  file.read(notes.data(), static_cast<std::streamsize>(notes.size()));
  notes.resize(static_cast<std::size_t>(file.gcount()));
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  for (std::size_t at = 0; at + sizeof(Elf64_Nhdr) <= notes.size();) {
    Elf64_Nhdr note{};
    std::memcpy(&note, notes.data() + at, sizeof note);
    if (note.n_type == kBuildId && note.n_namesz == kGo.size() &&
        notes.compare(at + sizeof note, kGo.size(), kGo) == 0) {
      return true;
    }
    at += sizeof note + padded(note.n_namesz) + padded(note.n_descsz);
  }
  return false;
}

Outcome<void> check_callers(const std::string& path, std::ifstream& file, const std::vector<Elf64_Phdr>& segments) {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_NOTE && has_go_note(file, segment)) {
      return refuse(ENOEXEC, path + " is a Go program: it makes system calls of its own, which do not see the devices",
                    "run what it would start, or run it where a real device-dax exists (python-free-scripts/guest)");
    }
  }
  return {};
}

Outcome<void> check_elf(const std::string& path, std::ifstream& file, const std::string& head) {
  Elf64_Ehdr header{};
  if (head.size() < sizeof(header)) {
    return refuse(ENOEXEC, path + " is no ELF program", "give a program for this machine");
  }
  std::memcpy(&header, head.data(), sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) {
    return refuse(ENOEXEC, path + " is a program for another machine or a 32-bit one",
                  "daxemu runs 64-bit programs of this machine's kind");
  }
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  file.clear();
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  file.read(reinterpret_cast<char*>(segments.data()),
            static_cast<std::streamsize>(segments.size() * sizeof(Elf64_Phdr)));
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_INTERP) {
      return check_callers(path, file, segments);
    }
  }
  return refuse(ENOEXEC, path + " is statically linked: no library can be preloaded into it",
                "link it dynamically, or run it where a real device-dax exists (python-free-scripts/guest)");
}

Outcome<void> check_image(const std::string& path, int depth) {
  if (auto plain = check_privileges(path); !plain) {
    return plain;
  }
  std::ifstream file(path, std::ios::binary);
  std::string head(256, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!file && !file.eof()) {
    return {}; // executable but not readable: nothing can be known, and the dynamic linker will tell
  }
  head.resize(static_cast<std::size_t>(file.gcount()));
  if (const std::string interpreter = interpreter_of(head); !interpreter.empty()) {
    if (depth >= kMaxInterpreters) {
      return refuse(ELOOP, path + ": too many interpreters", "run its interpreter directly");
    }
    if (::access(interpreter.c_str(), X_OK) != 0) {
      return refuse(ENOENT, path + ": its interpreter " + interpreter + " cannot be run", "install the interpreter");
    }
    return check_image(interpreter, depth + 1);
  }
  if (head.starts_with(ELFMAG)) {
    return check_elf(path, file, head);
  }
  return {}; // a script without "#!": execvp(3) gives it to /bin/sh
}

} // namespace

Outcome<std::string> find_executable(const std::string& command) {
  auto path = locate(command);
  if (path) {
    if (auto image = check_image(*path, 0); !image) {
      return tl::unexpected(image.error());
    }
  }
  return path;
}

} // namespace daxemu::cli
