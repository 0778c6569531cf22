#include "runtime/preload/waits/poll_calls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <span>

#include <sys/mman.h>

#include "emu/base/program/aside.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/waits/attributes_known.hpp"
#include "runtime/preload/waits/deadline.hpp"
#include "runtime/preload/waits/readiness.hpp"
#include "runtime/preload/waits/select_bits.hpp"
#include "runtime/preload/waits/signals_held.hpp"

namespace daxemu::preload {
namespace {

constexpr int kMostSelected = FD_SETSIZE; // above, the set is the kernel's affair

// What is waited for, in memory of our own: few fit here, more are put aside.
class Waits {
public:
  static constexpr std::size_t kFew = 32;

  explicit Waits(std::size_t count) : count_(count) {
    if (count > kFew) {
      auto mapped = sys::map_aside(-1, count * sizeof(pollfd), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
      if (!mapped) {
        count_ = 0;
        return;
      }
      more_ = std::move(*mapped);
    }
  }
  [[nodiscard]] bool is_made() const { return count_ != 0; }
  [[nodiscard]] std::span<pollfd> all() {
    return {count_ > kFew ? static_cast<pollfd*>(more_.data()) : few_.data(), count_};
  }

private:
  std::size_t count_;
  std::array<pollfd, kFew> few_{};
  Mapping more_;
};

timespec timespec_of(std::int64_t ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {.tv_sec = ns / kSecond, .tv_nsec = ns % kSecond};
}

// What poll(2) says of each attribute among `waits`, of which the kernel is told nothing: their `fd` is made negative.
// Returns how many have something to say.
int look(std::span<pollfd> waits) {
  int ready = 0;
  for (pollfd& one : waits) {
    if (one.fd >= 0 && is_waited_for(one.fd)) {
      const auto wanted = static_cast<unsigned short>(one.events) | POLLERR | POLLHUP;
      one.revents = static_cast<short>(readiness_of(one.fd).events & static_cast<unsigned>(wanted));
      ready += one.revents != 0 ? 1 : 0;
      one.fd = ~one.fd;
    } else if (one.fd < 0) {
      one.revents = 0;
    }
  }
  return ready;
}

// Until something of `asked` is ready, or the time is over. Returns what poll(2) does, and fills `revents`.
int wait_for(std::span<pollfd> asked, const Deadline& deadline, const sigset_t* mask, RealWait real) {
  Waits own(asked.size());
  if (!own.is_made()) {
    errno = ENOMEM;
    return -1;
  }
  const std::span<pollfd> waits = own.all();
  for (;;) {
    std::ranges::copy(asked, waits.begin());
    const int ours = look(waits);
    const std::int64_t left = deadline.left();
    const timespec slice = timespec_of(ours != 0 ? 0 : deadline.slice());
    for (std::size_t at = 0; at < waits.size(); ++at) {
      asked[at].revents = waits[at].fd < 0 ? waits[at].revents : short{0};
    }
    const int others = real(waits.data(), waits.size(), &slice, mask);
    if (others < 0) {
      return -1;
    }
    if (others + ours != 0 || left == 0) {
      for (std::size_t at = 0; at < waits.size(); ++at) {
        if (waits[at].fd >= 0) {
          asked[at].revents = waits[at].revents;
        }
      }
      return others + ours;
    }
  }
}

// poll_select_set_timeout()
bool is_time(const timespec& given) {
  constexpr long kSecond = 1'000'000'000;
  return given.tv_sec >= 0 && given.tv_nsec >= 0 && given.tv_nsec < kSecond;
}

using namespace select_bits;

struct Set {
  fd_set bits{};
  fd_set* users = nullptr;
  std::size_t size = 0;

  // False: EFAULT.
  bool fetch(fd_set* from, int count) {
    constexpr std::size_t kWord = 8 * sizeof(long);
    users = from;
    size = (static_cast<std::size_t>(count) + kWord - 1) / kWord * sizeof(long);
    return from == nullptr || copy_in(&bits, from, size);
  }
  [[nodiscard]] bool has(int fd) const { return users != nullptr && FD_ISSET(fd, &bits); }
};
struct Sets {
  Set in, out, ex;
  bool fetch(const SelectSets& from, int count) {
    return in.fetch(from.readable, count) && out.fetch(from.writable, count) && ex.fetch(from.exceptional, count);
  }
  [[nodiscard]] short wanted(int fd) const {
    return static_cast<short>((in.has(fd) ? kIn : 0) | (out.has(fd) ? kOut : 0) | (ex.has(fd) ? kEx : 0));
  }
};

// The answer into the program's sets. Returns how many bits there are; -1: EFAULT.
int answer(Sets& sets, std::span<const pollfd> waits) {
  int bits = 0;
  const auto put = [&](Set& set, short takes) {
    fd_set result{};
    for (const pollfd& one : waits) {
      if (set.has(one.fd) && (one.revents & takes) != 0) {
        FD_SET(one.fd, &result);
        ++bits;
      }
    }
    return set.users == nullptr || copy_out(set.users, &result, set.size);
  };
  return put(sets.in, kSetsIn) && put(sets.out, kSetsOut) && put(sets.ex, kEx) ? bits : -1;
}

} // namespace

bool waits_for_attributes(const pollfd* fds, nfds_t count) noexcept {
  if (count == 0 || count > INT_MAX / sizeof *fds || AttributesKnown::none() ||
      !is_readable(fds, count * sizeof *fds)) {
    return false;
  }
  return std::any_of(fds, fds + count, [](const pollfd& one) { return is_waited_for(one.fd); });
}

int poll_slow(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask, RealWait real) {
  timespec given{};
  if (timeout != nullptr && !copy_in(given, timeout)) {
    errno = EFAULT;
    return -1;
  }
  if (!is_time(given)) {
    errno = EINVAL;
    return -1;
  }
  Waits asked(count);
  if (!asked.is_made() || !copy_in(asked.all().data(), fds, count * sizeof *fds)) {
    errno = asked.is_made() ? EFAULT : ENOMEM;
    return -1;
  }
  const Deadline deadline(nanoseconds(timeout == nullptr ? nullptr : &given));
  int ready = 0;
  {
    const SignalsHeld held;
    ready = wait_for(asked.all(), deadline, mask != nullptr ? mask : held.before(), real);
  }
  const int code = errno;
  // These fields only, for others may be at the rest; where a signal ended it, too: do_sys_poll().
  for (nfds_t at = 0; at < count; ++at) {
    if (!copy_out(&fds[at].revents, asked.all()[at].revents)) {
      errno = EFAULT;
      return -1;
    }
  }
  errno = code;
  return ready;
}

bool waits_for_attributes(int count, const SelectSets& from) noexcept {
  Sets sets;
  if (count <= 0 || count > kMostSelected || AttributesKnown::none() || !sets.fetch(from, count)) {
    return false;
  }
  for (int fd = 0; fd < count; ++fd) {
    if (sets.wanted(fd) != 0 && is_waited_for(fd)) {
      return true;
    }
  }
  return false;
}

int select_slow(int count, const SelectSets& from, timespec* timeout, const sigset_t* mask, RealWait real) {
  Sets sets;
  if (!sets.fetch(from, count)) {
    errno = EFAULT;
    return -1;
  }
  if (timeout != nullptr && !is_time(*timeout)) {
    errno = EINVAL;
    return -1;
  }
  Waits asked(static_cast<std::size_t>(count));
  if (!asked.is_made()) {
    errno = ENOMEM;
    return -1;
  }
  std::size_t used = 0;
  for (int fd = 0; fd < count; ++fd) {
    if (const short wanted = sets.wanted(fd); wanted != 0) {
      asked.all()[used++] = {.fd = fd, .events = wanted, .revents = 0};
    }
  }
  const std::span<pollfd> waits = asked.all().first(used);
  const Deadline deadline(nanoseconds(timeout));
  const SignalsHeld held;
  for (;;) {
    const int ready = wait_for(waits, deadline, mask != nullptr ? mask : held.before(), real);
    if (ready < 0) {
      return -1;
    }
    if (std::ranges::any_of(waits, [](const pollfd& one) { return (one.revents & POLLNVAL) != 0; })) {
      errno = EBADF;
      return -1;
    }
    const bool over = deadline.left() == 0;
    if (over || std::ranges::any_of(waits, counts)) {
      const int bits = answer(sets, waits);
      if (timeout != nullptr) {
        *timeout = timespec_of(deadline.left());
      }
      if (bits < 0) {
        errno = EFAULT;
      }
      return bits;
    }
    const timespec pause = timespec_of(deadline.slice());
    if (real(nullptr, 0, &pause, mask != nullptr ? mask : held.before()) < 0) {
      return -1;
    }
  }
}

} // namespace daxemu::preload
