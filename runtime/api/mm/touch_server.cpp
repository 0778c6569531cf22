#include "runtime/api/mm/touch_server.hpp"

#include <array>
#include <cstring>

#include <csignal>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "runtime/fault/engines/overseer.hpp"
#include "runtime/fault/process/early_kill.hpp"
#include "runtime/fault/touches/userfaultfd.hpp"

namespace daxemu::api {
namespace {

constexpr std::size_t kBatch = 16;
constexpr int kAskAgainMs = 1;

} // namespace

void TouchServer::start() {
  if (tried_) {
    return;
  }
  tried_ = true;
  if (fault::overseer() == fault::Overseer::valgrind) {
    engine_ = "none: valgrind runs one thread at a time, and this would wait for another";
    return;
  }
  auto uffd = fault::open_full(fault::needed_features());
  engine_ = "handler";
  if (!uffd) {
    uffd = fault::open_user_mode_only(fault::needed_features());
    engine_ = "handler (user mode only)";
  }
  auto stop = sys::call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (!uffd || !stop) {
    engine_ = std::string("none: ") + ::strerrordesc_np(uffd ? stop.error().value : uffd.error().value) +
              " (daxemu doctor says what this machine allows)";
    return;
  }
  fd_ = std::move(uffd->fd);
  stop_ = UniqueFd(static_cast<int>(*stop));
  uffd_ = fault::UffdCalls(fd_.get());
  sigset_t all; // the program's signals are for its threads
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  owner_.store(sys::getpid());
}

TouchServer::~TouchServer() {
  if (!thread_.joinable()) {
    return;
  }
  if (owner_.load() != sys::getpid()) {
    thread_.detach(); // a forked child: the thread is not here
    return;
  }
  const std::uint64_t one = 1;
  (void)sys::call(SYS_write, stop_.get(), reinterpret_cast<long>(&one), sizeof(one));
  thread_.join();
}

bool TouchServer::serves() const {
  const pid_t owner = owner_.load(std::memory_order_acquire);
  return owner != 0 && owner == sys::getpid();
}

int TouchServer::read_some(std::vector<Touch>& waiting) {
  std::array<uffd_msg, kBatch> messages;
  const auto got = sys::call(SYS_read, fd_.get(), reinterpret_cast<long>(messages.data()), sizeof(messages));
  if (!got) {
    return got.error() == Errno{EAGAIN} || got.error() == Errno{EINTR} ? 0 : -1;
  }
  const auto count = static_cast<std::size_t>(*got) / sizeof(uffd_msg);
  for (std::size_t at = 0; at < count; ++at) {
    const uffd_msg& message = messages[at];
    if (message.event == UFFD_EVENT_PAGEFAULT) {
      const std::uint64_t flags = message.arg.pagefault.flags;
      waiting.push_back({message.arg.pagefault.address, (flags & UFFD_PAGEFAULT_FLAG_WRITE) != 0,
                         (flags & UFFD_PAGEFAULT_FLAG_MINOR) == 0});
    }
  }
  return static_cast<int>(count);
}

void TouchServer::run() {
  fault::decline_early_kill();
  std::vector<Touch> waiting;
  std::array<pollfd, 2> events = {{{fd_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  while (true) {
    (void)::poll(events.data(), events.size(), waiting.empty() ? -1 : kAskAgainMs);
    if (events[1].revents != 0 || read_some(waiting) < 0) {
      return;
    }
    std::erase_if(waiting, serve_);
  }
}

} // namespace daxemu::api
