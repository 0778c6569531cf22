#include "tests/conformance/ask/bench.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conformance {
namespace {

constexpr std::uint64_t kPmd = 2ULL << 20;

// Runs `action` in this (child) process and sends what it said.
[[noreturn]] void speak(int fd, const std::function<std::string()>& action) {
  std::string text;
  try {
    text = action();
  } catch (const Stop& stop) {
    text = stop.outcome;
  }
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put = ::write(fd, text.data() + done, text.size() - done);
    if (put <= 0) {
      break;
    }
    done += static_cast<std::size_t>(put);
  }
  ::_exit(0);
}

std::string how_it_died(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return "killed by SIG" + std::string(name == nullptr ? "?" : name);
  }
  return "exit=" + std::to_string(WEXITSTATUS(status));
}

// Everything that comes out of `fd` until its end; false where `milliseconds` were not enough.
bool hear(int fd, int milliseconds, std::string& text) {
  timespec start{};
  ::clock_gettime(CLOCK_MONOTONIC, &start);
  for (;;) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const long passed = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
    if (passed >= milliseconds) {
      return false;
    }
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(milliseconds - passed)) <= 0) {
      continue;
    }
    char part[4096];
    const ssize_t got = ::read(fd, part, sizeof part);
    if (got <= 0) {
      return true;
    }
    text.append(part, static_cast<std::size_t>(got));
  }
}

// A process that waits inside the kernel cannot be killed: do not wait for it for ever.
bool reaped(pid_t pid, int& status) {
  for (int tenths = 0; tenths < 100; ++tenths) {
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      return true;
    }
    ::usleep(tenths < 10 ? 1000 : 100000);
  }
  return false;
}

} // namespace

int opened(const Device& device, int flags) {
  const int fd = ::open(device.path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) {
    throw Stop{"setup open " + last_error()};
  }
  return fd;
}

void needs_extents(const Device& device, std::uint64_t count) {
  if (device.extents() < count) {
    throw Stop{"n/a needs " + std::to_string(count) + " extents"};
  }
}

View mapped(const Device& device, std::uint64_t extents, std::uint64_t first, int prot, int flags) {
  needs_extents(device, first + extents);
  const int fd = opened(device);
  const std::uint64_t length = extents * device.align;
  void* base = ::mmap(nullptr, length, prot, flags, fd, static_cast<off_t>(first * device.align));
  const int error = errno;
  ::close(fd);
  if (base == MAP_FAILED) {
    throw Stop{"setup mmap " + error_name(error)};
  }
  return {static_cast<char*>(base), length};
}

char* free_range(const Device& device, std::uint64_t length) {
  const std::uint64_t step = device.align < kPmd ? kPmd : device.align;
  // Far from where the kernel puts what a library (the emulator) may map in between, and where sanitizers allow it.
  static std::uintptr_t next = 0x7e8000000000;
  auto* wanted = reinterpret_cast<void*>((next + step - 1) / step * step);
  void* found =
      ::mmap(wanted, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (found != wanted) {
    throw Stop{"setup range " + last_error()};
  }
  ::munmap(found, length);
  next = reinterpret_cast<std::uintptr_t>(found) + length + 2 * step;
  return static_cast<char*>(found);
}

char* anonymous(std::uint64_t length, int prot) {
  void* base = ::mmap(nullptr, length, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    throw Stop{"setup anonymous " + last_error()};
  }
  return static_cast<char*>(base);
}

int scratch_file(const Device& device, std::uint64_t length, unsigned char fill, int extra_flags) {
  std::string path = device.scratch + "/conformance-XXXXXX";
  const int made = ::mkstemp(path.data());
  if (made < 0) {
    throw Stop{"setup scratch " + last_error()};
  }
  const std::string bytes(length, static_cast<char>(fill));
  const bool filled = ::write(made, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  // O_DIRECT beside dirty cached pages would only measure their write-back.
  ::fsync(made);
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | extra_flags);
  const int error = errno;
  ::close(made);
  ::unlink(path.c_str());
  if (!filled || fd < 0) {
    throw Stop{"setup scratch " + error_name(error)};
  }
  return fd;
}

Said in_child(const std::function<std::string()>& action, int seconds) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return {"setup pipe " + last_error(), false};
  }
  const pid_t pid = ::fork();
  if (pid < 0) {
    return {"setup fork " + last_error(), false};
  }
  if (pid == 0) {
    // Nothing that a row starts may outlive it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    ::close(ends[0]);
    speak(ends[1], action);
  }
  ::setpgid(pid, pid);
  ::close(ends[1]);
  Said said;
  said.timed_out = !hear(ends[0], seconds * 1000, said.text);
  ::close(ends[0]);
  if (said.timed_out) {
    said.text = "timeout";
  }
  // Whatever the row started dies with it.
  if (said.timed_out) {
    ::kill(-pid, SIGKILL);
  }
  int status = 0;
  if (!reaped(pid, status)) {
    return {"stuck in the kernel", true};
  }
  ::kill(-pid, SIGKILL);
  if (!said.timed_out && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
    said.text = line({said.text, how_it_died(status)});
    if (said.text.front() == ' ') {
      said.text.erase(0, 1);
    }
  }
  return said;
}

std::string in_child(const std::function<std::string()>& action) {
  return in_child(action, 20).text;
}

Partner::Partner(const std::function<std::string(Partner&)>& action) {
  int talk[2];
  int words[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) != 0 || ::pipe2(words, O_CLOEXEC) != 0) {
    throw Stop{"setup partner " + last_error()};
  }
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(talk[0]);
    ::close(words[0]);
    mine_ = talk[1];
    speak(words[1], [&] { return action(*this); });
  }
  ::close(talk[1]);
  ::close(words[1]);
  mine_ = talk[0];
  result_ = words[0];
}

void Partner::signal_other() const {
  (void)!::write(mine_, "x", 1);
}

void Partner::wait_other() const {
  pollfd ready{.fd = mine_, .events = POLLIN, .revents = 0};
  char byte = 0;
  if (::poll(&ready, 1, 15000) != 1 || ::read(mine_, &byte, 1) != 1) {
    throw Stop{"partner is silent"};
  }
}

bool Partner::quiet(int milliseconds) const {
  pollfd ready{.fd = mine_, .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, milliseconds) == 0;
}

std::string Partner::join() {
  std::string text;
  if (!hear(result_, 15000, text)) {
    ::kill(pid_, SIGKILL);
    text = "timeout";
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  return text.empty() ? how_it_died(status) : text;
}

bool all_bytes(const char* from, std::uint64_t length, unsigned char value) {
  for (std::uint64_t i = 0; i < length; ++i) {
    if (static_cast<unsigned char>(from[i]) != value) {
      return false;
    }
  }
  return true;
}

} // namespace conformance
