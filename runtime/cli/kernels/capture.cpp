#include "runtime/cli/kernels/capture.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/cli/text/because.hpp"

namespace daxemu::cli {
namespace {

constexpr std::size_t kAtOnce = 64U << 10U;

// Never a standard stream's number, which it could have where daxemu was started without one: those are the command's.
UniqueFd apart(int fd) {
  const UniqueFd given(fd);
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

bool open_pipe(UniqueFd& read, UniqueFd& write) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return false;
  }
  read = apart(ends[0]);
  write = apart(ends[1]);
  // Of this end only: the command's own blocks, as it expects of a stream.
  return read && write && ::fcntl(read.get(), F_SETFL, O_NONBLOCK) == 0;
}

// All of it, to a stream that may not block. False: nobody reads it any more.
bool pass_on(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote >= 0) {
      text.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN) {
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      (void)::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

} // namespace

Outcome<std::unique_ptr<Capture>> Capture::start(bool shown) {
  std::unique_ptr<Capture> capture(new Capture);
  capture->ended_ = apart(::eventfd(0, EFD_CLOEXEC));
  if (!capture->ended_ || !open_pipe(capture->out_.read, capture->out_.write) ||
      !open_pipe(capture->error_.read, capture->error_.write)) {
    return because("no pipe for what the command prints", errno, "raise the limit of open files");
  }
  if (shown) {
    capture->out_.shown = STDOUT_FILENO;
    capture->error_.shown = STDERR_FILENO;
  }
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread
  try {
    capture->thread_ = std::thread([pumping = capture.get()] { pumping->pump(); });
  } catch (const std::system_error& error) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return because("no thread to read what the command prints", error.code().value(), "raise the limit of processes");
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return capture;
}

Capture::~Capture() {
  (void)finish();
}

Streams Capture::streams() const {
  return {.input = -1, .output = out_.write.get(), .error = error_.write.get()};
}

Outputs Capture::finish() {
  if (thread_.joinable()) {
    (void)::eventfd_write(ended_.get(), 1);
    thread_.join();
  }
  return {std::move(out_.kept), std::move(error_.kept)};
}

void Capture::pump() {
  std::array<pollfd, 3> watched{{{.fd = out_.read.get(), .events = POLLIN, .revents = 0},
                                 {.fd = error_.read.get(), .events = POLLIN, .revents = 0},
                                 {.fd = ended_.get(), .events = POLLIN, .revents = 0}}};
  while (true) {
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      continue; // EINTR of a debugger's; every signal is blocked
    }
    if (watched[2].revents != 0) {
      take_rest(out_);
      take_rest(error_);
      return;
    }
    for (const std::size_t at : {0U, 1U}) {
      if (watched.at(at).revents != 0 && !take(at == 0 ? out_ : error_, kAtOnce)) {
        watched.at(at).fd = -1; // poll(2) passes over it
      }
    }
  }
}

std::optional<std::size_t> Capture::take(Pipe& pipe, std::size_t room) {
  std::array<char, kAtOnce> some;
  const ssize_t got = ::read(pipe.read.get(), some.data(), std::min(room, some.size()));
  if (got < 0 && errno == EAGAIN) {
    return 0;
  }
  if (got <= 0) {
    return std::nullopt;
  }
  const std::string_view text(some.data(), static_cast<std::size_t>(got));
  const std::size_t left = kKept - std::min(kKept, pipe.kept.text.size());
  pipe.kept.text += text.substr(0, left);
  pipe.kept.whole = pipe.kept.whole && text.size() <= left;
  if (pipe.shown >= 0 && !pass_on(pipe.shown, text)) {
    unheard_ = true;
    pipe.read.reset(); // the command learns of it as it would have without us: SIGPIPE, EPIPE
    return std::nullopt;
  }
  return text.size();
}

void Capture::take_rest(Pipe& pipe) {
  int rest = 0;
  if (!pipe.read || ::ioctl(pipe.read.get(), FIONREAD, &rest) != 0) {
    return;
  }
  while (rest > 0) {
    const auto got = take(pipe, static_cast<std::size_t>(rest));
    if (got.value_or(0) == 0) {
      return;
    }
    rest -= static_cast<int>(*got);
  }
}

} // namespace daxemu::cli
