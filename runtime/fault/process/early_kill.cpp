#include "runtime/fault/process/early_kill.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/text/stat_word.hpp"

#ifndef BUS_MCEERR_AO
#define BUS_MCEERR_AO 5
#endif

namespace daxemu::fault {
namespace {

// Flags of a task as /proc/PID/stat shows them (include/linux/sched.h, the same since 2.6.32).
constexpr std::uint64_t kMceProcess = 0x80;       // PF_MCE_PROCESS: it has a policy of its own
constexpr std::uint64_t kMceEarly = 0x0800'0000U; // PF_MCE_EARLY: which is early

constexpr int kOurCode = -0xdac;
constexpr std::uintptr_t kSizeBits = 63; // of an address that is a multiple of a page: its size fits in beside it

std::uint64_t flags_of(int tasks, const char* thread) {
  std::array<char, 32> path{};
  const std::size_t length = std::min(std::strlen(thread), path.size() - 6);
  std::memcpy(path.data(), thread, length);
  std::memcpy(path.data() + length, "/stat", 6);
  const auto raw = sys::openat(tasks, path.data(), O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return 0;
  }
  const UniqueFd fd(*raw);
  std::array<char, 512> text{};
  const auto got = sys::pread(fd.get(), text.data(), text.size(), 0);
  const std::string_view word = stat_word({text.data(), got.value_or(0)}, 9);
  std::uint64_t flags = 0;
  std::from_chars(word.data(), word.data() + word.size(), flags);
  return flags;
}

bool machine_kills_early() {
  const auto raw = sys::open("/proc/sys/vm/memory_failure_early_kill", O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return false; // a kernel without memory failure
  }
  const UniqueFd fd(*raw);
  char digit = '0';
  return sys::pread(fd.get(), &digit, 1, 0).value_or(0) == 1 && digit == '1';
}

bool is_early(std::uint64_t flags, bool by_default) {
  return (flags & kMceProcess) != 0 ? (flags & kMceEarly) != 0 : by_default;
}

struct Entry { // linux_dirent64
  std::uint64_t ino;
  std::int64_t next;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

} // namespace

pid_t early_kill_thread(pid_t process) {
  constexpr std::string_view kProc = "/proc/";
  std::array<char, 32> path{};
  std::memcpy(path.data(), kProc.data(), kProc.size());
  char* const number = path.data() + kProc.size();
  char* end = std::to_chars(number, path.data() + path.size(), process == 0 ? sys::getpid() : process).ptr;
  std::memcpy(end, "/task", sizeof "/task");
  const auto raw = sys::open(path.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!raw) {
    return 0;
  }
  const UniqueFd tasks(*raw);
  const bool by_default = machine_kills_early();
  alignas(Entry) std::array<char, 2048> buffer;
  while (true) {
    const auto got =
        sys::call(SYS_getdents64, tasks.get(), reinterpret_cast<long>(buffer.data()), static_cast<long>(buffer.size()));
    if (!got || *got <= 0) {
      return 0;
    }
    for (long at = 0; at < *got;) { // in the order the threads were made
      const auto* entry = reinterpret_cast<const Entry*>(buffer.data() + at);
      at += entry->length;
      pid_t thread = 0;
      std::from_chars(entry->name, entry->name + std::strlen(entry->name), thread);
      if (thread > 0 && is_early(flags_of(tasks.get(), entry->name), by_default)) {
        return thread;
      }
    }
  }
}

bool kill_early(const PoisonHit& hit) {
  const pid_t thread = early_kill_thread();
  if (thread == 0) {
    return false;
  }
  siginfo_t info{};
  info.si_signo = SIGBUS;
  info.si_code = kOurCode;
  info.si_pid = sys::getpid();
  info.si_value.sival_ptr =
      reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(hit.address) | static_cast<std::uintptr_t>(hit.lsb));
  (void)sys::call(SYS_rt_tgsigqueueinfo, sys::getpid(), thread, SIGBUS, reinterpret_cast<long>(&info));
  return true;
}

bool translate_early_kill(siginfo_t& info) {
  if (info.si_signo != SIGBUS || info.si_code != kOurCode || info.si_pid != sys::getpid()) {
    return false;
  }
  const auto word = reinterpret_cast<std::uintptr_t>(info.si_value.sival_ptr);
  siginfo_t told{};
  told.si_signo = SIGBUS;
  told.si_code = BUS_MCEERR_AO;
  told.si_addr = reinterpret_cast<void*>(word & ~kSizeBits);
  told.si_addr_lsb = static_cast<short>(word & kSizeBits);
  info = told;
  return true;
}

void decline_early_kill() {
  (void)sys::call(SYS_prctl, PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE);
}

} // namespace daxemu::fault
