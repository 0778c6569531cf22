// poll(2) with attributes among what is waited for: the interposed call waits here in the program's place, on copies of
// its descriptors. Where there are none, as nearly always, the kernel goes on.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <sys/uio.h>

#include "runtime/preload/waits/readiness.hpp"
#include "runtime/supervise/answers/answers.hpp"

namespace daxemu::supervise {
namespace {

constexpr std::uint64_t kMostWaits = 1024;          // of one call; with more it is the kernel's
constexpr int kMostCalls = 64;                      // at once: each has a thread of the crew, as others have
constexpr std::chrono::milliseconds kLookAgain{20}; // for signals, and whether it has ended

std::uint64_t signals_in(const std::string& status, std::string_view label) {
  const std::size_t at = status.find(label);
  std::uint64_t mask = 0;
  if (at != std::string::npos) {
    (void)std::from_chars(status.data() + at + label.size(), status.data() + status.size(), mask, 16);
  }
  return mask;
}

// Would a signal interrupt the call? One whose answer we owe sleeps through all but SIGKILL.
bool is_signalled(const Target& target) {
  const std::string status = target.proc_file("status");
  return ((signals_in(status, "SigPnd:\t") | signals_in(status, "ShdPnd:\t")) & ~signals_in(status, "SigBlk:\t")) != 0;
}

// `revents` of each into the program's array. False: not all of it is there.
bool write_back(const Target& target, std::uint64_t array, std::vector<pollfd>& answered) {
  std::vector<iovec> ours;
  std::vector<iovec> theirs;
  for (pollfd& one : answered) {
    const std::uint64_t place = array + ours.size() * sizeof(pollfd) + offsetof(pollfd, revents);
    ours.push_back({&one.revents, sizeof one.revents});
    theirs.push_back({reinterpret_cast<void*>(place), sizeof one.revents}); // NOLINT(performance-no-int-to-ptr)
  }
  return target.write(ours, theirs).has_value();
}

// The program's descriptors, as ours.
struct Copies {
  std::vector<UniqueFd> held;
  std::vector<pollfd> asked;

  Copies() = default;
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;
  ~Copies() {
    for (const UniqueFd& fd : held) {
      preload::FdTable::forget(fd.get());
    }
  }
  // False: one is not open, which the kernel says at once, or none of them is an attribute.
  [[nodiscard]] bool take(const Target& target, const std::vector<pollfd>& theirs) {
    bool attributes = false;
    for (pollfd one : theirs) {
      one.revents = 0;
      if (one.fd >= 0) {
        auto copy = target.descriptor(one.fd);
        if (!copy) {
          return false;
        }
        preload::FdTable::forget(copy->get()); // the number had another file before
        attributes = preload::is_waited_for(copy->get()) || attributes;
        one.fd = copy->get();
        held.push_back(std::move(*copy));
      }
      asked.push_back(one);
    }
    return attributes;
  }
};

} // namespace

void Answers::by_wait(const Target& target, const Call& call) {
  std::vector<pollfd> theirs(call.word[1] <= kMostWaits ? call.word[1] : 0);
  Copies copies;
  const auto size = theirs.size() * sizeof(pollfd);
  if (theirs.empty() || !target.read(theirs.data(), call.word[0], size) ||
      std::none_of(theirs.begin(), theirs.end(),
                   [this](const pollfd& one) { return one.fd >= 0 && may_be_ours(one.fd); }) ||
      !copies.take(target, theirs)) {
    listener_->go_on(call);
    return;
  }
  const auto timeout = static_cast<int>(call.word[2]); // negative: none
  const auto look = [&](int patience) { return ::poll(copies.asked.data(), copies.asked.size(), patience); };
  int ready = look(0);
  int code = errno;
  if (ready == 0 && timeout != 0 && waits_ >= kMostCalls) {
    listener_->go_on(call);
    return;
  }
  if (ready == 0 && timeout != 0) {
    ++waits_;
    crew_->step_aside([&] {
      using Clock = std::chrono::steady_clock;
      const auto end = Clock::now() + std::chrono::milliseconds(timeout);
      for (auto left = kLookAgain; ready == 0 && left.count() > 0 && listener_->waits(call);) {
        if (is_signalled(target)) {
          ready = -1;
          code = EINTR;
          break;
        }
        left = timeout < 0 ? kLookAgain : std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        ready = look(static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), kLookAgain).count()));
        code = errno;
      }
    });
    --waits_;
    if (!listener_->waits(call)) { // its memory may be another's
      listener_->forget(call);
      return;
    }
  }
  // As do_sys_poll() of fs/select.c: only these fields, for others may be at the rest meanwhile.
  Result<long> result = ready < 0 ? Result<long>(fail(code)) : ready;
  if (!write_back(target, call.word[0], copies.asked)) {
    result = fail(EFAULT);
  }
  conclude(target, call, result);
}

} // namespace daxemu::supervise
