#include "tests/sequences/cleaner.hpp"

#include <algorithm>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sequences/buses/bus.hpp"
#include "tests/sequences/buses/cxl.hpp"
#include "tests/sequences/buses/nd.hpp"
#include "tests/sequences/processes/failure.hpp"
#include "tests/sequences/stage.hpp"

namespace sequences {
namespace {

// Drivers and devices come and go in such a sequence: who cleans behind it has seen nothing of them.
bool changes_more_than_bytes(const std::vector<Call>& calls) {
  return std::any_of(calls.begin(), calls.end(), [](const Call& call) {
    return bus::concerns(call) || nd::concerns(call) || failure::concerns(call);
  });
}

} // namespace

std::string end_of(pid_t child, int seconds) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  pollfd ended = {handle, POLLIN, 0};
  bool stuck = false;
  if (handle >= 0 && ::poll(&ended, 1, seconds * 1000) == 0) {
    stuck = true;
    ::kill(child, SIGKILL);
  }
  ::close(handle);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (stuck) {
    return "stuck";
  }
  if (WIFSIGNALED(status)) {
    return "signal " + std::to_string(WTERMSIG(status));
  }
  return WEXITSTATUS(status) == 0 ? std::string() : "status " + std::to_string(WEXITSTATUS(status));
}

std::string Cleaner::clean(const std::vector<Call>& before, const std::vector<Call>& next) {
  if (std::any_of(next.begin(), next.end(), cxl::concerns)) {
    return from_child([](int out) {
      const std::string problem = cxl::restore();
      (void)!::write(out, problem.data(), problem.size());
    });
  }
  if (changes_more_than_bytes(before) || changes_more_than_bytes(next) || !start()) {
    end();
    const pid_t once = ::fork();
    if (once == 0) {
      sequences::clean(device_, before, next);
      ::_exit(0);
    }
    return end_of(once, seconds_);
  }
  char word = 0;
  pollfd answer = {socket_, POLLIN, 0};
  if (::send(socket_, &word, 1, MSG_NOSIGNAL) == 1 && ::poll(&answer, 1, seconds_ * 1000) == 1 &&
      ::recv(socket_, &word, 1, 0) == 1) {
    return {};
  }
  ::close(socket_);
  const std::string ending = end_of(std::exchange(process_, 0), 1);
  return ending.empty() ? "gone" : ending;
}

bool Cleaner::start() {
  int ends[2];
  if (process_ != 0) {
    return true;
  }
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return false;
  }
  process_ = ::fork();
  if (process_ == 0) {
    ::close(ends[0]);
    for (char word = 0; ::recv(ends[1], &word, 1, 0) == 1;) {
      sequences::clean(device_, {}, {});
      (void)!::send(ends[1], &word, 1, MSG_NOSIGNAL);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  socket_ = ends[0];
  return true;
}

void Cleaner::end() {
  if (process_ != 0) {
    ::close(socket_);
    (void)end_of(std::exchange(process_, 0), seconds_);
  }
}

} // namespace sequences
