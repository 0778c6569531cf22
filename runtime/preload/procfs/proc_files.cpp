#include "runtime/preload/procfs/proc_files.hpp"

#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"
#include "runtime/preload/procfs/machine_files.hpp"
#include "runtime/preload/procfs/memory_files.hpp"
#include "runtime/preload/procfs/mount_files.hpp"
#include "runtime/preload/procfs/numa_maps.hpp"
#include "runtime/preload/procfs/process_files.hpp"
#include "runtime/preload/procfs/process_maps.hpp"

namespace daxemu::preload {
namespace {

// Writes what `real` is to say into `out`; -1 for `real`: the machine has no such file. False: it has nothing of ours.
using Render = bool (*)(const ProcSource& source, const ProcPath& path, int real, TextFile& out);

struct Kind {
  std::string_view name; // of the last component
  bool of_process;       // below /proc/PID or /proc/PID/task/TID, else in /proc itself
  bool memory_only;      // of this process's mappings; of other processes it is the machine's
  Render render;
};
constexpr Kind kKinds[] = {
    {"maps", true, false, render_maps},
    {"smaps", true, false, render_smaps},
    {"smaps_rollup", true, true, render_smaps_rollup},
    {"numa_maps", true, false, render_numa_maps},
    {"status", true, false, render_status},
    {"stat", true, true, render_stat},
    {"statm", true, true, render_statm},
    {"devices", false, false, render_devices},
    {"modules", false, false, render_modules},
    {"iomem", false, false, render_iomem},
    {"locks", false, false, render_locks},
    {"mountinfo", true, false, render_mounts},
    {"mounts", true, false, render_mounts},
    {"mountstats", true, false, render_mounts},
    {"mounts", false, false, render_mounts},
};
constexpr Kind kDescriptorKind = {"", true, false, render_fdinfo}; // /proc/PID/fdinfo/N

constexpr std::string_view kProc = "/proc/";

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The kind of "PID/maps", "self/task/TID/maps", "devices": what stands behind "/proc/".
DAXEMU_START_PATH const Kind* kind_of(std::string_view rest, std::string_view& process) {
  const std::size_t slash = rest.find('/');
  const bool of_process = slash != std::string_view::npos;
  process = of_process ? rest.substr(0, slash) : std::string_view();
  std::string_view last = of_process ? rest.substr(slash + 1) : rest;
  if (of_process) {
    if (process != "self" && process != "thread-self" && !is_number(process)) {
      return nullptr;
    }
    if (constexpr std::string_view kTask = "task/"; last.starts_with(kTask)) {
      const std::size_t end = last.find('/', kTask.size());
      last = end == std::string_view::npos ? std::string_view() : last.substr(end + 1);
    }
    if (constexpr std::string_view kInfo = "fdinfo/"; last.starts_with(kInfo)) {
      return is_number(last.substr(kInfo.size())) ? &kDescriptorKind : nullptr;
    }
  }
  for (const Kind& kind : kKinds) {
    if (kind.of_process == of_process && kind.name == last) {
      return &kind;
    }
  }
  return nullptr;
}

// Apart: what has nothing of ours is opened on little stack, which may be a signal handler's.
[[gnu::noinline]] Result<int> made(const Kind& kind, const ProcPath& about, int flags, const ProcSource& from) {
  const auto real = sys::open(about.text.data(), O_RDONLY | O_CLOEXEC);
  if (!real && (kind.of_process || real.error() != Errno{ENOENT})) {
    return tl::unexpected(real.error());
  }
  const UniqueFd source(real.value_or(-1));
  TextFile made(kind.name.empty() ? "fdinfo" : kind.name.data(), (flags & O_CLOEXEC) != 0);
  if (!kind.render(from, about, source.get(), made)) {
    return -1;
  }
  return made.take();
}

} // namespace

DAXEMU_START_PATH bool ProcFiles::is_one(const char* path) noexcept {
  if (std::strncmp(path, kProc.data(), kProc.size()) != 0) {
    return false;
  }
  std::string_view process;
  return kind_of(path + kProc.size(), process) != nullptr;
}

Result<int> ProcFiles::open(const char* path, int flags) const noexcept {
  ProcPath about{path, {}, false};
  const Kind* kind = kind_of(about.text.substr(kProc.size()), about.process);
  if (kind == nullptr || (flags & (O_ACCMODE | O_PATH | O_DIRECTORY)) != O_RDONLY) {
    return -1;
  }
  VnodeFiles::settle_all(); // what fdinfo tells of
  about.own = is_number(about.process) ? false : !about.process.empty();
  if (std::uint64_t pid = 0; is_number(about.process)) {
    std::string_view digits = about.process;
    about.own = take_number(digits, pid) && pid == static_cast<std::uint64_t>(sys::getpid());
  }
  if (kind->memory_only && (!about.own || !source_.mappings.mapping_in(0, UINT64_MAX))) { // not even opened
    return -1;
  }
  return made(*kind, about, flags, source_);
}

} // namespace daxemu::preload