#include "runtime/fault/process/last_thread.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/valgrind.hpp"
#include "runtime/fault/process/service_thread.hpp"

namespace daxemu::fault {
namespace {

constinit std::uint32_t own_word = 0; // of a leader that came without one: a raw clone(2)

// A small file, as far as it fits.
template <std::size_t Size>
std::string_view read_file(int folder, const char* path, std::array<char, Size>& text) {
  const auto fd = sys::openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (!fd) {
    return {};
  }
  const UniqueFd file(*fd);
  return {text.data(), sys::pread(file.get(), text.data(), text.size(), 0).value_or(0)};
}

// What its leader has said at its end, as wait(2) has it: the last word of /proc/PID/stat (do_task_stat: exit_code).
int status_of_leader() {
  std::array<char, 1024> text;
  std::string_view stat = read_file(AT_FDCWD, "/proc/self/stat", text);
  while (!stat.empty() && (stat.back() == '\n' || stat.back() == ' ')) {
    stat.remove_suffix(1);
  }
  int code = 0;
  const std::size_t at = stat.rfind(' ');
  if (at != std::string_view::npos) {
    (void)std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), code);
  }
  return code;
}

// Is it still what it was? FUTEX_WAIT looks at it and does not wait, nor is a wild address our death.
bool holds(const std::uint32_t* word, std::uint32_t value) {
  constexpr timespec kNoTime = {0, 0};
  const auto waited =
      sys::call(SYS_futex, reinterpret_cast<long>(word), FUTEX_WAIT, value, reinterpret_cast<long>(&kNoTime));
  return waited || waited.error() == Errno{ETIMEDOUT};
}

} // namespace

const std::uint32_t* word_of_leader() {
  std::uint32_t* word = nullptr;
  if (sys::runs_in_valgrind() || sys::gettid() != sys::getpid() ||
      !sys::call(SYS_prctl, PR_GET_TID_ADDRESS, reinterpret_cast<long>(static_cast<void*>(&word)))) {
    return nullptr;
  }
  const auto number = static_cast<std::uint32_t>(sys::getpid());
  if (word == nullptr) {
    own_word = number;
    (void)sys::call(SYS_set_tid_address, reinterpret_cast<long>(&own_word));
    word = &own_word;
  }
  return holds(word, number) ? word : nullptr;
}

bool has_ended(const std::uint32_t* leader) {
  if (holds(leader, static_cast<std::uint32_t>(sys::getpid()))) {
    return false;
  }
  (void)sys::call(SYS_futex, reinterpret_cast<long>(leader), FUTEX_WAKE, INT_MAX);
  return true;
}

bool only_ours_left() {
  const auto fd = sys::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!fd) {
    return false; // nobody can say
  }
  const UniqueFd tasks(*fd);
  alignas(dirent64) std::array<char, 1024> buffer;
  while (true) {
    const auto got = sys::call(SYS_getdents64, tasks.get(), reinterpret_cast<long>(buffer.data()), buffer.size());
    if (!got) {
      return false;
    }
    if (*got == 0) {
      return true;
    }
    for (long at = 0; at < *got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      pid_t thread = 0;
      const std::string_view name(entry->d_name);
      if (std::from_chars(name.data(), name.data() + name.size(), thread).ec != std::errc() ||
          thread == sys::getpid()) { // . and ..; the leader, who has ended
        continue;
      }
      std::array<char, 64> path{};
      std::memcpy(path.data(), name.data(), name.size());
      std::memcpy(path.data() + name.size(), "/comm", 5);
      std::array<char, 32> text;
      if (!read_file(tasks.get(), path.data(), text).starts_with(kServiceThreadPrefix)) {
        return false;
      }
    }
  }
}

void end_as_leader() {
  const int status = status_of_leader();
  if (const int signal = status & 0x7f; signal != 0) { // a filter has killed that thread alone
    struct KernelAction {
      std::uintptr_t handler = 0; // SIG_DFL
      std::uint64_t flags = 0;
      std::uintptr_t restorer = 0;
      std::uint64_t mask = 0;
    };
    const KernelAction by_default;
    const std::uint64_t none = 0;
    (void)sys::call(SYS_rt_sigaction, signal, reinterpret_cast<long>(&by_default), 0, sizeof none);
    (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&none), 0, sizeof none);
    (void)sys::call(SYS_kill, sys::getpid(), signal);
  }
  while (true) {
    (void)sys::call(SYS_exit_group, status >> 8);
  }
}

} // namespace daxemu::fault
