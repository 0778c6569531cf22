// poll(2), select(2) and epoll(7): the kernel's, but for emulated attributes.
#include <cerrno>
#include <ctime>
#include <type_traits>

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/hooks/process/by_number.hpp"
#include "runtime/preload/waits/epoll_calls.hpp"
#include "runtime/preload/waits/poll_calls.hpp"

using namespace daxemu::preload;

namespace {

constexpr long kMilliPerSecond = 1000;
constexpr long kNanoPerMilli = 1'000'000;
constexpr long kMicroPerSecond = 1'000'000;
constexpr long kNanoPerMicro = 1000;
// A timeout of the program's, of which nothing is believed: it may be anywhere. False: EFAULT.
template <class Time>
bool fetch(const Time* timeout, timespec& into) {
  Time given{};
  if (timeout == nullptr || !copy_in(given, timeout)) {
    return timeout == nullptr;
  }
  if constexpr (std::is_same_v<Time, timeval>) { // more than a second's microseconds are taken (kern_select())
    into = {.tv_sec = given.tv_sec + given.tv_usec / kMicroPerSecond,
            .tv_nsec = given.tv_usec % kMicroPerSecond * kNanoPerMicro};
  } else {
    into = given;
  }
  return true;
}
int refuse(int code) {
  errno = code;
  return -1;
}
timespec of_milliseconds(int timeout) {
  return {.tv_sec = timeout / kMilliPerSecond, .tv_nsec = timeout % kMilliPerSecond * kNanoPerMilli};
}
std::int64_t ns_of(int milliseconds) {
  return milliseconds < 0 ? -1 : std::int64_t{milliseconds} * kNanoPerMilli;
}

} // namespace

DAXEMU_REAL(ppoll, int(pollfd*, nfds_t, const timespec*, const sigset_t*));
DAXEMU_HOOK(int, ppoll, (pollfd * fds, nfds_t count, const timespec* timeout, const sigset_t* mask)) {
  return waits_for_attributes(fds, count) ? poll_slow(fds, count, timeout, mask, real_ppoll.get())
                                          : real_ppoll(fds, count, timeout, mask);
}
DAXEMU_REAL(__ppoll_chk, int(pollfd*, nfds_t, const timespec*, const sigset_t*, std::size_t));
DAXEMU_HOOK(int, __ppoll_chk,
            (pollfd * fds, nfds_t count, const timespec* timeout, const sigset_t* mask, std::size_t room)) {
  return room / sizeof *fds >= count && waits_for_attributes(fds, count)
             ? poll_slow(fds, count, timeout, mask, real_ppoll.get())
             : real___ppoll_chk(fds, count, timeout, mask, room);
}

DAXEMU_REAL(poll, int(pollfd*, nfds_t, int));
DAXEMU_HOOK(int, poll, (pollfd * fds, nfds_t count, int timeout)) {
  if (!waits_for_attributes(fds, count)) {
    return real_poll(fds, count, timeout);
  }
  const timespec given = of_milliseconds(timeout);
  return poll_slow(fds, count, timeout < 0 ? nullptr : &given, nullptr, real_ppoll.get());
}
DAXEMU_ALIAS(poll, __poll)
DAXEMU_REAL(__poll_chk, int(pollfd*, nfds_t, int, std::size_t));
DAXEMU_HOOK(int, __poll_chk, (pollfd * fds, nfds_t count, int timeout, std::size_t room)) {
  return room / sizeof *fds >= count && waits_for_attributes(fds, count) ? daxemu_hook_poll(fds, count, timeout)
                                                                         : real___poll_chk(fds, count, timeout, room);
}

DAXEMU_REAL(select, int(int, fd_set*, fd_set*, fd_set*, timeval*));
DAXEMU_HOOK(int, select, (int count, fd_set* in, fd_set* out, fd_set* ex, timeval* timeout)) {
  const SelectSets sets{in, out, ex};
  if (!waits_for_attributes(count, sets)) {
    return real_select(count, in, out, ex, timeout);
  }
  timespec given{};
  if (!fetch(timeout, given)) {
    return refuse(EFAULT);
  }
  const int ready = select_slow(count, sets, timeout != nullptr ? &given : nullptr, nullptr, real_ppoll.get());
  if (timeout != nullptr && ready >= 0) {
    (void)copy_out(timeout, timeval{.tv_sec = given.tv_sec, .tv_usec = given.tv_nsec / kNanoPerMicro});
  }
  return ready;
}
DAXEMU_ALIAS(select, __select)
DAXEMU_REAL(pselect, int(int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*));
DAXEMU_HOOK(int, pselect,
            (int count, fd_set* in, fd_set* out, fd_set* ex, const timespec* timeout, const sigset_t* mask)) {
  const SelectSets sets{in, out, ex};
  if (!waits_for_attributes(count, sets)) {
    return real_pselect(count, in, out, ex, timeout, mask);
  }
  timespec given{};
  if (!fetch(timeout, given)) {
    return refuse(EFAULT);
  }
  return select_slow(count, sets, timeout != nullptr ? &given : nullptr, mask, real_ppoll.get());
}

DAXEMU_REAL(epoll_ctl, int(int, int, int, epoll_event*));
DAXEMU_HOOK(int, epoll_ctl, (int instance, int operation, int fd, epoll_event* event)) {
  return EpollWaits::concerns(operation, fd) ? EpollWaits::control(instance, operation, fd, event, real_epoll_ctl.get())
                                             : real_epoll_ctl(instance, operation, fd, event);
}
DAXEMU_REAL(epoll_pwait, int(int, epoll_event*, int, int, const sigset_t*));
DAXEMU_HOOK(int, epoll_pwait, (int instance, epoll_event* events, int most, int timeout, const sigset_t* mask)) {
  return EpollWaits::wait_or(instance, events, most, ns_of(timeout), mask, real_epoll_pwait.get(),
                             [&] { return real_epoll_pwait(instance, events, most, timeout, mask); });
}
DAXEMU_REAL(epoll_wait, int(int, epoll_event*, int, int));
DAXEMU_HOOK(int, epoll_wait, (int instance, epoll_event* events, int most, int timeout)) {
  return EpollWaits::wait_or(instance, events, most, ns_of(timeout), nullptr, real_epoll_pwait.get(),
                             [&] { return real_epoll_wait(instance, events, most, timeout); });
}
DAXEMU_REAL(epoll_pwait2, int(int, epoll_event*, int, const timespec*, const sigset_t*));
DAXEMU_HOOK(int, epoll_pwait2,
            (int instance, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask)) {
  timespec given{};
  if (EpollWaits::any() && !fetch(timeout, given)) {
    return refuse(EFAULT);
  }
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t ns = timeout == nullptr ? -1 : given.tv_sec * kSecond + given.tv_nsec;
  return EpollWaits::wait_or(instance, events, most, ns, mask, real_epoll_pwait.get(),
                             [&] { return real_epoll_pwait2(instance, events, most, timeout, mask); });
}

namespace daxemu::preload::by_number {

// The kernel's own say what is left of the time.
long ppoll(const Words& words) {
  auto* const fds = as<pollfd*>(words.word[0]);
  const auto count = as<nfds_t>(words.word[1]);
  return waits_for_attributes(fds, count) ? poll_slow(fds, count, as<const timespec*>(words.word[2]),
                                                      as<const sigset_t*>(words.word[3]), real_ppoll.get())
                                          : pass(words);
}
long pselect6(const Words& words) {
  const SelectSets sets{as<fd_set*>(words.word[1]), as<fd_set*>(words.word[2]), as<fd_set*>(words.word[3])};
  if (!waits_for_attributes(as<int>(words.word[0]), sets)) {
    return pass(words);
  }
  struct MaskAndSize { // sys_pselect6()
    const sigset_t* mask;
    std::size_t size;
  };
  MaskAndSize mask{};
  timespec given{};
  auto* const timeout = as<timespec*>(words.word[4]);
  if (!fetch(timeout, given) || (words.word[5] != 0 && !copy_in(mask, as<const MaskAndSize*>(words.word[5])))) {
    return ::refuse(EFAULT);
  }
  const int ready =
      select_slow(as<int>(words.word[0]), sets, timeout != nullptr ? &given : nullptr, mask.mask, real_ppoll.get());
  if (timeout != nullptr && ready >= 0) {
    (void)copy_out(timeout, given);
  }
  return ready;
}

} // namespace daxemu::preload::by_number
