#include "runtime/preload/waits/epoll_calls.hpp"
#include "runtime/preload/ground/fd_table.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <span>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/waits/attributes_known.hpp"
#include "runtime/preload/waits/deadline.hpp"
#include "runtime/preload/waits/readiness.hpp"
#include "runtime/preload/waits/signals_held.hpp"

namespace daxemu::preload {
namespace {

using fault::PrivateFds;

// One registration. What the kernel has of it is its timer, with the entry's own address as the event's data.
struct Entry {
  enum State : int { free, changing, registered };
  std::atomic<int> state{free};
  int instance = 0; // these three mean something once it is registered; zero, so that no file has to hold the table
  int fd = 0;
  int timer = 0;
  std::uint32_t wanted = 0; // EPOLL*
  epoll_data_t data{};
  std::uint64_t told = 0; // notices that an edge-triggered waiter was told of, + 1
  bool silent = false;    // EPOLLONESHOT, and it has told
};
constexpr std::size_t kMost = 64;
constinit std::array<Entry, kMost> entries{};

constexpr std::uint32_t kAlwaysTold = EPOLLERR | EPOLLHUP;

bool is_registered(const Entry& entry) {
  return entry.state.load(std::memory_order_acquire) == Entry::registered;
}
Entry* find(int instance, int fd) {
  const auto found = std::ranges::find_if(entries, [&](const Entry& entry) {
    return is_registered(entry) && entry.instance == instance && entry.fd == fd;
  });
  return found == entries.end() ? nullptr : found;
}
// The entry that an event is of, or nullptr.
Entry* entry_of(const epoll_event& event) {
  const auto address = reinterpret_cast<std::uintptr_t>(event.data.ptr);
  const auto begin = reinterpret_cast<std::uintptr_t>(entries.data());
  const bool within = address >= begin && address < begin + sizeof entries && (address - begin) % sizeof(Entry) == 0;
  return within ? &entries[(address - begin) / sizeof(Entry)] : nullptr;
}

void drop(Entry& entry, std::atomic<int>& used) {
  int expected = Entry::registered;
  if (!entry.state.compare_exchange_strong(expected, Entry::changing)) {
    return;
  }
  PrivateFds::forget(entry.timer);
  (void)sys::close(entry.timer); // which takes it out of the instance
  entry.state.store(Entry::free, std::memory_order_release);
  used.fetch_sub(1, std::memory_order_release);
}

// A timer that ticks, at a number that is not the program's.
Result<UniqueFd> make_timer() {
  const auto made = sys::call(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (!made) {
    return tl::unexpected(made.error());
  }
  const timespec every{.tv_sec = 0, .tv_nsec = kLookEvery};
  const itimerspec ticks{.it_interval = every, .it_value = every};
  (void)sys::call(SYS_timerfd_settime, *made, 0, reinterpret_cast<long>(&ticks), 0);
  return PrivateFds::adopt(UniqueFd(static_cast<int>(*made)));
}
void drain(const Entry& entry) {
  std::uint64_t ticks = 0;
  (void)sys::call(SYS_read, entry.timer, reinterpret_cast<long>(&ticks), sizeof ticks);
}

// What the program hears of an entry now; 0: nothing.
std::uint32_t tell(Entry& entry) {
  if (entry.silent) {
    return 0;
  }
  const Readiness now = readiness_of(entry.fd);
  const std::uint32_t events = now.events & (entry.wanted | kAlwaysTold);
  const bool edge = (entry.wanted & EPOLLET) != 0;
  if (events == 0 || (edge && entry.told == now.notices + 1)) {
    return 0;
  }
  entry.told = now.notices + 1;
  entry.silent = (entry.wanted & EPOLLONESHOT) != 0;
  return events;
}

int refuse(int code) {
  errno = code;
  return -1;
}

int add(int instance, int fd, const epoll_event& event, RealControl real, std::atomic<int>& used) {
  if (find(instance, fd) != nullptr) {
    return refuse(EEXIST);
  }
  const auto place = std::ranges::find_if(entries, [](Entry& entry) {
    int expected = Entry::free;
    return entry.state.compare_exchange_strong(expected, Entry::changing);
  });
  if (place == entries.end()) {
    return refuse(ENOSPC); // as beyond max_user_watches
  }
  auto timer = make_timer();
  if (timer) {
    place->instance = instance;
    place->fd = fd;
    place->timer = timer->get();
    place->wanted = event.events;
    place->data = event.data;
    place->told = 0;
    place->silent = false;
    epoll_event ticks{.events = EPOLLIN, .data = {.ptr = place}};
    if (real(instance, EPOLL_CTL_ADD, timer->get(), &ticks) == 0) {
      (void)timer->release();
      FdTable::watch_closes();
      place->state.store(Entry::registered, std::memory_order_release);
      used.fetch_add(1, std::memory_order_release);
      return 0;
    }
    PrivateFds::forget(timer->get());
  }
  place->state.store(Entry::free, std::memory_order_release);
  return timer ? -1 : refuse(timer.error().value);
}

} // namespace

DAXEMU_OFTEN constinit std::atomic<int> EpollWaits::used_{0};

int EpollWaits::present(epoll_event* events, int count) {
  int to = 0;
  for (const epoll_event& event : std::span(events, static_cast<std::size_t>(count))) {
    Entry* entry = entry_of(event);
    epoll_event said = event;
    if (entry != nullptr && is_registered(*entry)) {
      drain(*entry);
      said = {.events = tell(*entry), .data = entry->data};
    } else if (entry != nullptr) {
      said.events = 0; // it has gone meanwhile
    }
    if (said.events != 0) {
      events[to++] = said;
    }
  }
  return to;
}

bool EpollWaits::concerns(int operation, int fd) noexcept {
  return !AttributesKnown::none() && (operation == EPOLL_CTL_ADD || any()) && is_waited_for(fd);
}

int EpollWaits::control(int instance, int operation, int fd, epoll_event* event, RealControl real) {
  epoll_event given{};
  if (operation != EPOLL_CTL_DEL && !copy_in(given, event)) {
    return refuse(EFAULT);
  }
  if (operation == EPOLL_CTL_ADD) {
    return add(instance, fd, given, real, used_);
  }
  Entry* entry = find(instance, fd);
  if (entry == nullptr) { // the kernel says what is wrong with the instance, or that it knows of no such file
    epoll_event none{};
    const int status = real(instance, EPOLL_CTL_DEL, fd, &none);
    return status != 0 && errno == EPERM ? refuse(ENOENT) : status;
  }
  if (operation == EPOLL_CTL_DEL) {
    drop(*entry, used_);
  } else {
    entry->wanted = given.events;
    entry->data = given.data;
    entry->told = 0;
    entry->silent = false;
  }
  return 0;
}

int EpollWaits::wait(int instance, epoll_event* events, int most, std::int64_t timeout, const sigset_t* mask,
                     RealEvents real) {
  if (most <= 0) {
    return refuse(EINVAL);
  }
  constexpr std::int64_t kMillisecond = 1'000'000;
  const SignalsHeld held;
  const Deadline deadline(timeout);
  for (;;) {
    const std::int64_t left = deadline.left();
    const std::int64_t rounded =
        left < 0 ? -1 : std::min<std::int64_t>((left + kMillisecond - 1) / kMillisecond, INT_MAX);
    // What is ready is told at once, and the kernel asked without waiting for the rest.
    std::array<epoll_event, kMost> ready;
    int ours = 0;
    for (Entry& entry : entries) {
      if (ours < most && is_registered(entry) && entry.instance == instance) {
        if (const std::uint32_t said = tell(entry); said != 0) {
          ready[static_cast<std::size_t>(ours++)] = {.events = said, .data = entry.data};
        }
      }
    }
    int others = 0;
    if (ours < most) {
      others = real(instance, events, most - ours, ours != 0 ? 0 : static_cast<int>(rounded),
                    mask != nullptr ? mask : held.before());
      if (others < 0) {
        return -1;
      }
      others = present(events, others);
    }
    if (ours != 0 && !copy_out(events + others, ready.data(), static_cast<std::size_t>(ours) * sizeof ready[0])) {
      return refuse(EFAULT);
    }
    if (others + ours != 0 || left == 0) {
      return others + ours;
    }
  }
}

void EpollWaits::closed(unsigned first, unsigned last) noexcept {
  if (!any()) {
    return;
  }
  for (Entry& entry : entries) {
    const auto is_within = [&](int fd) {
      return static_cast<unsigned>(fd) >= first && static_cast<unsigned>(fd) <= last;
    };
    if (is_registered(entry) && (is_within(entry.fd) || is_within(entry.instance))) {
      drop(entry, used_);
    }
  }
}

} // namespace daxemu::preload
