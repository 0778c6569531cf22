#include "runtime/fault/process/last_thread.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <ctime>
#include <string_view>

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/valgrind.hpp"
#include "emu/base/text/stat_word.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/fault/process/service_thread.hpp"

namespace daxemu::fault {
namespace {

constinit std::uint32_t own_word = 0; // of a leader that came without one: a raw clone(2)
constexpr int kManyLooks = 50;        // a second: from then on more rarely

// Of /proc/PID/stat (do_task_stat()).
struct Leader {
  char state = 0;
  long threads = 0; // num_threads: the leader, who is there until he is waited for, ours and the program's
  int code = 0;     // exit_code: as wait(2) has it
};

Leader leader_of(int stat) {
  std::array<char, 1024> text;
  const std::string_view line(text.data(), sys::pread(stat, text.data(), text.size(), 0).value_or(0));
  Leader leader;
  const std::string_view state = stat_word(line, 3);
  const std::string_view threads = stat_word(line, 20);
  const std::string_view code = stat_word(line, 52);
  leader.state = state.empty() ? leader.state : state.front();
  (void)std::from_chars(threads.data(), threads.data() + threads.size(), leader.threads);
  (void)std::from_chars(code.data(), code.data() + code.size(), leader.code);
  return leader;
}

// Is it still what it was? FUTEX_WAIT looks at it and does not wait, nor is a wild address our death.
bool holds(const std::uint32_t* word, std::uint32_t value) {
  constexpr timespec kNoTime = {0, 0};
  const auto waited =
      sys::call(SYS_futex, reinterpret_cast<long>(word), FUTEX_WAIT, value, reinterpret_cast<long>(&kNoTime));
  return waited || waited.error() != Errno{EAGAIN};
}

[[noreturn]] void end_with(int status) {
  if (const int signal = status & 0x7f; signal != 0) { // a filter has killed that thread alone
    struct KernelAction {
      std::uintptr_t handler = 0; // SIG_DFL
      std::uint64_t flags = 0;
      std::uintptr_t restorer = 0;
      std::uint64_t mask = 0;
    };
    const KernelAction by_default;
    const std::uint64_t others = ~(1ULL << static_cast<unsigned>(signal - 1)); // no handler may run here
    (void)sys::call(SYS_rt_sigaction, signal, reinterpret_cast<long>(&by_default), 0, sizeof others);
    (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&others), 0, sizeof others);
    (void)sys::call(SYS_kill, sys::getpid(), signal);
  }
  while (true) {
    (void)sys::call(SYS_exit_group, status >> 8);
  }
}

} // namespace

void LastThread::begin() {
  std::uint32_t* word = nullptr;
  if (sys::runs_in_valgrind() || sys::gettid() != sys::getpid() ||
      !sys::call(SYS_prctl, PR_GET_TID_ADDRESS, reinterpret_cast<long>(static_cast<void*>(&word)))) {
    return;
  }
  const auto stat = sys::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  auto kept = stat ? PrivateFds::adopt(UniqueFd(*stat)) : Result<UniqueFd>(fail(ENOENT));
  if (!kept) {
    return;
  }
  stat_ = kept->release();
  const auto number = static_cast<std::uint32_t>(sys::getpid());
  if (word == nullptr) {
    own_word = number;
    (void)sys::call(SYS_set_tid_address, reinterpret_cast<long>(&own_word));
    word = &own_word;
  }
  word_ = holds(word, number) ? word : nullptr;
}

void LastThread::abandon() {
  word_ = nullptr;
  looks_ = 0;
  if (stat_ >= 0) {
    PrivateFds::forget(stat_);
    (void)sys::close(stat_);
    stat_ = -1;
  }
}

bool LastThread::is_cleared() const {
  if (word_ == nullptr || holds(word_, static_cast<std::uint32_t>(sys::getpid()))) {
    return false;
  }
  (void)sys::call(SYS_futex, reinterpret_cast<long>(word_), FUTEX_WAKE, INT_MAX);
  return true;
}

const timespec* LastThread::next_look() const {
  static constexpr timespec kSoon = {0, 20'000'000};
  static constexpr timespec kLater = {0, 500'000'000};
  if (looks_ == 0) {
    return nullptr;
  }
  return looks_ < kManyLooks ? &kSoon : &kLater;
}

void LastThread::look() {
  if (looks_ == 0 && !is_cleared()) {
    return;
  }
  const Leader leader = leader_of(stat_);
  const bool ended = leader.state == 'Z'; // he becomes that a little after the word is cleared
  if (ended && leader.threads == 1 + service_threads()) {
    end_with(leader.code);
  }
  looks_ = std::min(looks_ + 1, kManyLooks);
  if (looks_ == kManyLooks && !ended) {
    word_ = nullptr;
    looks_ = 0;
  }
}

} // namespace daxemu::fault
