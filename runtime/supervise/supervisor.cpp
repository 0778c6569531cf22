#include "runtime/supervise/supervisor.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/store/location.hpp"
#include "emu/trace/trace.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/supervise/answers/answers.hpp"
#include "runtime/supervise/crew.hpp"
#include "runtime/supervise/install/enter.hpp"
#include "runtime/supervise/install/listener.hpp"

namespace daxemu::supervise {
namespace {

// What answering takes. Whoever is still at it when all has ended keeps it.
struct Served {
  Served(store::Store store, UniqueFd fd, int stop, Numbers numbers, InHand in_hand)
      : context(std::move(store)), listener(std::move(fd), std::move(in_hand)), devices(context.store()),
        spaces(devices), follower(devices, spaces, listener.in_hand()), crew(listener, stop),
        answers(context, listener, numbers, devices, spaces, follower, crew) {}

  preload::Context context;
  Listener listener;
  Devices devices;
  Spaces spaces;
  Follower follower;
  Crew crew;
  Answers answers;
};

// Each program that has a device mapped costs us a descriptor. The programs have started, and keep their own limit.
void raise_limit() {
  constexpr rlim_t kEnough = 65536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kEnough) {
    limit.rlim_cur = std::min(limit.rlim_max, kEnough);
    (void)sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, reinterpret_cast<long>(&limit), 0);
  }
}

void serve(store::Store store, UniqueFd listener, int stop, Numbers numbers, InHand in_hand) {
  raise_limit();
  trace::attach_as_asked(); // this is not the library's part of the process, which has done so for itself
  const auto served =
      std::make_shared<Served>(std::move(store), std::move(listener), stop, numbers, std::move(in_hand));
  served->crew.run(served, [at = served.get()](const Call& call) { at->answers.answer(call); });
}

// Nothing: the program did not get so far.
Result<UniqueFd> await_listener(int socket, int stop) {
  std::array<pollfd, 2> waits{pollfd{socket, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
  while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  return waits[1].revents == 0 ? receive_listener(socket) : fail(ECANCELED);
}

Result<store::Store> open_store(const std::string& location) {
  const auto path = store::store_location(location.c_str());
  return path ? store::Store::open(path->c_str()) : Result<store::Store>(tl::unexpected(path.error()));
}

} // namespace

bool serve_from(const std::string& location, UniqueFd listener, InHand in_hand) {
  auto store = open_store(location);
  const UniqueFd never(::eventfd(0, EFD_CLOEXEC));
  if (!store || !never) {
    return false;
  }
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr); // threads that are made here inherit it
  serve(std::move(*store), std::move(listener), never.get(), numbers_here(), std::move(in_hand));
  return true;
}

Outcome<Supervisor> Supervisor::start(const std::string& location) {
  auto store = open_store(location);
  if (!store) {
    return refuse(store.error().value,
                  "the platform " + location + " cannot be opened: " + std::strerror(store.error().value),
                  "start the command with daxemu run");
  }
  std::array<int, 2> pair{};
  Supervisor made;
  made.stop_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!made.stop_ || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return refuse(errno, "no descriptors for the supervisor", "raise the limit of open files");
  }
  made.entry_.socket.reset(pair[1]);
  made.entry_.receiver = pair[0];
  made.entry_.supervisor = sys::getpid();
  made.entry_.numbers = numbers_here();
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread
  try {
    made.thread_ = std::thread([store = std::move(*store), socket = pair[0], stop = made.stop_.get(),
                                numbers = made.entry_.numbers]() mutable {
      const UniqueFd ours(socket);
      if (auto listener = await_listener(socket, stop); listener) {
        serve(std::move(store), std::move(*listener), stop, numbers, InHand());
      }
    });
  } catch (const std::system_error&) {
    (void)sys::close(pair[0]);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!made.thread_.joinable()) {
    return refuse(EAGAIN, "no thread for the supervisor", "raise the limit of processes");
  }
  return made;
}

Supervisor::~Supervisor() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
}

} // namespace daxemu::supervise
