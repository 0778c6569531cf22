#include "emu/base/program/program_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/at_exec.hpp"

namespace daxemu {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "daxemu knows x86-64 and arm64"
#endif

// The interpreter named in a "#!" line.
std::string_view interpreter_of(std::string_view head) {
  std::string_view line = head.substr(2, head.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.substr(0, line.find_first_of(std::string_view(" \t\0", 3)));
}

// A file's first bytes are read once: headers and notes lie there as a rule, and a call for each would cost every exec.
class Beginning {
public:
  explicit Beginning(int fd) noexcept : fd_(fd) {
    const auto got = sys::pread(fd, bytes_.data(), bytes_.size(), 0);
    size_ = got.value_or(0);
  }
  [[nodiscard]] std::string_view text() const noexcept { return {bytes_.data(), size_}; }
  // How many of `size` bytes there are at `offset`.
  std::size_t read(void* into, std::size_t size, std::uint64_t offset) const noexcept {
    if (offset <= size_ && size <= size_ - offset) {
      std::memcpy(into, bytes_.data() + offset, size);
      return size;
    }
    return sys::pread(fd_, into, size, offset).value_or(0);
  }

private:
  int fd_;
  std::array<char, 1024> bytes_;
  std::size_t size_ = 0;
};

// Go's linker leaves a note, in programs that the dynamic linker starts as well.
DAXEMU_EXEC_PATH bool has_go_note(const Beginning& file, const Elf64_Phdr& segment) {
  constexpr std::string_view kGo("Go\0\0", 4);
  constexpr Elf64_Word kBuildId = 4;
  std::array<char, 1024> notes;
  const std::size_t length = std::min<std::size_t>(segment.p_filesz, notes.size());
  const std::string_view text(notes.data(), file.read(notes.data(), length, segment.p_offset));
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  for (std::size_t at = 0; at + sizeof(Elf64_Nhdr) <= text.size();) {
    Elf64_Nhdr note{};
    std::memcpy(&note, text.data() + at, sizeof note);
    if (note.n_type == kBuildId && note.n_namesz == kGo.size() && text.substr(at + sizeof note).starts_with(kGo)) {
      return true;
    }
    at += sizeof note + padded(note.n_namesz) + padded(note.n_descsz);
  }
  return false;
}

DAXEMU_EXEC_PATH ProgramKind kind_of_elf(const Beginning& file, const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) {
    return ProgramKind::foreign;
  }
  bool dynamic = false;
  for (unsigned at = 0; at < header.e_phnum; ++at) {
    Elf64_Phdr segment{};
    if (file.read(&segment, sizeof segment, header.e_phoff + at * sizeof segment) != sizeof segment) {
      break;
    }
    dynamic = dynamic || segment.p_type == PT_INTERP;
    if (segment.p_type == PT_NOTE && has_go_note(file, segment)) {
      return ProgramKind::own_calls;
    }
  }
  return dynamic ? ProgramKind::dynamic : ProgramKind::linked_statically;
}

// Has every user a number in this user namespace? Who has none is shown as this one.
constexpr std::uint32_t kNobody = 65534; // kernel.overflowuid
bool has_everybody() noexcept {
  const auto raw = sys::open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return true;
  }
  const UniqueFd closer(*raw);
  std::array<char, 64> text;
  const auto got = sys::pread(*raw, text.data(), text.size(), 0);
  return std::string_view(text.data(), got.value_or(0)).find("4294967295") != std::string_view::npos;
}

} // namespace

DAXEMU_EXEC_PATH ProgramFile examine_program(int fd) noexcept {
  ProgramFile file;
  constexpr std::size_t kLine = 256; // BINPRM_BUF_SIZE
  const Beginning beginning(fd);
  const std::string_view text = beginning.text();
  Elf64_Ehdr header{};
  if (text.starts_with("#!")) {
    file.interpreter.assign(interpreter_of(text.substr(0, kLine)));
    file.kind = file.interpreter.empty() ? ProgramKind::no_elf : ProgramKind::script;
  } else if (text.starts_with(std::string_view(ELFMAG, SELFMAG))) {
    std::memcpy(&header, text.data(), std::min(text.size(), sizeof header));
    file.kind = text.size() < sizeof header ? ProgramKind::torn : kind_of_elf(beginning, header);
  }
  return file;
}

DAXEMU_EXEC_PATH bool sets_identity(const struct stat& about) noexcept {
  if ((about.st_mode & (S_ISUID | S_ISGID)) == 0) {
    return false;
  }
  const auto user = static_cast<uid_t>(sys::call(SYS_geteuid).value_or(0));
  const auto group = static_cast<gid_t>(sys::call(SYS_getegid).value_or(0));
  const bool sets_user = (about.st_mode & S_ISUID) != 0 && about.st_uid != user;
  const bool sets =
      sets_user || ((about.st_mode & S_ISGID) != 0 && (about.st_mode & S_IXGRP) != 0 && about.st_gid != group);
  // bprm_fill_uid(): not for an owner or a group without a number here.
  return sets && ((about.st_uid != kNobody && about.st_gid != kNobody) || has_everybody());
}

DAXEMU_EXEC_PATH bool raises_privileges(int fd) noexcept {
  const auto about = sys::fstat(fd);
  if (!about) {
    return false;
  }
  const bool sets_capabilities =
      sys::call(SYS_geteuid).value_or(0) != 0 &&
      sys::call(SYS_fgetxattr, fd, reinterpret_cast<long>("security.capability"), 0, 0).value_or(0) > 0;
  return sets_identity(*about) || sets_capabilities;
}

} // namespace daxemu
