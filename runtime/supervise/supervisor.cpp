#include "runtime/supervise/supervisor.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <system_error>

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "emu/store/location.hpp"
#include "emu/trace/trace.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/supervise/answers.hpp"
#include "runtime/supervise/enter.hpp"
#include "runtime/supervise/listener.hpp"

namespace daxemu::supervise {
namespace {

bool has_come(int fd, int stop) {
  std::array<pollfd, 2> waits{pollfd{fd, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
  while (true) {
    const int ready = ::poll(waits.data(), waits.size(), -1);
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    return ready > 0 && waits[1].revents == 0 && (waits[0].revents & POLLIN) != 0;
  }
}

void serve(store::Store store, int socket, int stop, Numbers numbers) {
  // A working directory of this thread's own: Answers::change_directory tries others.
  if (::unshare(CLONE_FS) != 0 || ::chdir("/") != 0 || !has_come(socket, stop)) {
    return;
  }
  auto fd = receive_listener(socket);
  if (!fd) {
    return;
  }
  trace::attach_as_asked(); // this is not the library's part of the process, which has done so for itself
  preload::Context context(std::move(store));
  const Listener listener(std::move(*fd));
  Answers answers(context, listener, numbers);
  while (has_come(listener.fd(), stop)) { // the last program's end is POLLHUP
    if (const auto call = listener.receive(); call) {
      answers.answer(*call);
    }
  }
}

Result<store::Store> open_store(const std::string& location) {
  const auto path = store::store_location(location.c_str());
  return path ? store::Store::open(path->c_str()) : Result<store::Store>(tl::unexpected(path.error()));
}

} // namespace

bool serve_from(const std::string& location, int socket) {
  auto store = open_store(location);
  const UniqueFd never(::eventfd(0, EFD_CLOEXEC));
  if (!store || !never) {
    return false;
  }
  serve(std::move(*store), socket, never.get(), numbers_here());
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
  made.entry_.numbers = numbers_here();
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread
  try {
    made.thread_ = std::thread([store = std::move(*store), socket = pair[0], stop = made.stop_.get(),
                                numbers = made.entry_.numbers]() mutable {
      serve(std::move(store), socket, stop, numbers);
      (void)sys::close(socket);
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
