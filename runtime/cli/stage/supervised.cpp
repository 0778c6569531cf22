#include "runtime/cli/stage/supervised.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/cli/stage/child.hpp"
#include "runtime/cli/stage/descendants.hpp"
#include "runtime/cli/stage/executable.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/supervise/install/enter.hpp"
#include "runtime/supervise/orphans.hpp"
#include "runtime/supervise/supervisor.hpp"

namespace daxemu::cli {
namespace {

// The environment without the library, which would answer a second time: other preloaded ones stay.
std::vector<std::string> environment_without_library() {
  constexpr std::string_view kPreload = "LD_PRELOAD=";
  std::vector<std::string> kept;
  for (char** at = environ; *at != nullptr; ++at) {
    std::string_view variable(*at);
    if (!variable.starts_with(kPreload)) {
      kept.emplace_back(variable);
      continue;
    }
    std::string others;
    for (std::string_view rest = variable.substr(kPreload.size()); !rest.empty();) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      const std::string_view item = rest.substr(0, end);
      if (!item.empty() && item.find("libdaxemu-preload.so") == std::string_view::npos) {
        others += (others.empty() ? "" : ":") + std::string(item);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!others.empty()) {
      kept.push_back(std::string(kPreload) + others);
    }
  }
  return kept;
}

// Past what is interposed: an exec by the C library would be given the library again. Returns errno.
int exec_without_library(const char* path, char* const* arguments) {
  const std::vector<std::string> variables = environment_without_library();
  std::vector<const char*> pointers;
  pointers.reserve(variables.size() + 2);
  for (const std::string& variable : variables) {
    pointers.push_back(variable.c_str());
  }
  const std::string supervised = std::string(kSupervisedVariable) + "=1";
  pointers.push_back(supervised.c_str());
  pointers.push_back(nullptr);
  const auto failed = sys::call(SYS_execve, reinterpret_cast<long>(path), reinterpret_cast<long>(arguments),
                                reinterpret_cast<long>(pointers.data()));
  if (failed.error() != Errno{ENOEXEC}) {
    return failed.error().value;
  }
  std::vector<const char*> as_script{"/bin/sh", path}; // what execvp(3) does with a script without "#!"
  for (char* const* more = arguments + 1; *more != nullptr; ++more) {
    as_script.push_back(*more);
  }
  as_script.push_back(nullptr);
  return sys::call(SYS_execve, reinterpret_cast<long>(as_script[0]), reinterpret_cast<long>(as_script.data()),
                   reinterpret_cast<long>(pointers.data()))
      .error()
      .value;
}

// In the child.
int become_supervised(const supervise::Entry& entry, const char* path, char* const* arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);    // nobody would answer its calls
  if (::getppid() != entry.supervisor) { // it was killed before that
    return ESRCH;
  }
  (void)sys::close(entry.receiver);
  if (const auto entered = supervise::enter(entry.socket.get(), entry.numbers); !entered) {
    return entered.error().value;
  }
  return exec_without_library(path, arguments);
}

constexpr int kServedSocket = 3; // of a supervisor that stands aside

// Starts a supervisor that is nobody's child and has nothing of ours but its end of the socket: a pipe that it held
// would not end with its writers. Errors: fork(2)'s.
Outcome<UniqueFd> start_aside() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return refuse(errno, "no descriptors for the supervisor", "raise the limit of open files");
  }
  UniqueFd ours(pair[0]);
  const UniqueFd theirs(pair[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) {
      ::setsid();
      const int nothing = ::open("/dev/null", O_RDWR);
      for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        ::dup2(nothing, stream);
      }
      ::dup2(theirs.get(), kServedSocket);
      (void)sys::call(SYS_close_range, kServedSocket + 1, ~0U, CLOSE_RANGE_CLOEXEC);
      ::execl("/proc/self/exe", "daxemu", kServeWord, nullptr);
    }
    ::_exit(0);
  }
  if (child < 0) {
    return refuse(errno, "no process for the supervisor", "raise the limit of processes");
  }
  ::waitpid(child, nullptr, 0);
  return ours;
}

// `daxemu run` is killed: so are we, and all whose calls nobody would answer.
void end_with_parent() {
  const int parent = static_cast<int>(::syscall(SYS_pidfd_open, ::getppid(), 0));
  if (parent < 0) {
    return;
  }
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([parent] {
    pollfd wait{parent, POLLIN, 0};
    while (::poll(&wait, 1, -1) < 0 && errno == EINTR) {
    }
    (void)end_descendants();
    ::_exit(kExitRefused);
  }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

} // namespace

Outcome<Intercept> parse_intercept(const std::string& word) {
  if (word == "auto" || word == "libc" || word == "kernel") {
    return word == "auto" ? Intercept::automatic : word == "libc" ? Intercept::library : Intercept::kernel;
  }
  return refuse(EINVAL, fmt::format("--intercept '{}' is none of auto, libc and kernel", word), "give one of these");
}

namespace {

// Why the filter cannot be installed.
Outcome<void> refuse_notifications(Errno error) {
  const std::string what = "the kernel does not tell of system calls here (seccomp user notifications): ";
  const char* const libc = "use --intercept libc, which serves dynamically linked programs";
  switch (error.value) {
  case EBUSY:
    return refuse(EBUSY, what + "a process above has such a listener already (EBUSY; a container in a container)",
                  std::string("run it outside of that, or ") + libc);
  case EACCES:
  case EPERM:
    return refuse(error.value, what + "this container's seccomp profile forbids seccomp(2)",
                  std::string("allow seccomp in the container's profile, or ") + libc);
  case EINVAL:
  case ENOSYS:
    return refuse(error.value, what + "the kernel is older than Linux 5.0, or built without CONFIG_SECCOMP_FILTER",
                  libc);
  default:
    return refuse(error.value, what + std::strerror(error.value), libc);
  }
}

} // namespace

Outcome<void> check_notifications() {
  const auto tried = supervise::try_filter();
  return tried ? Outcome<void>() : refuse_notifications(tried.error());
}

int supervise_command(const std::vector<std::string>& command) {
  const char* location = std::getenv("DAXEMU_PLATFORM");
  if (command.empty() || location == nullptr) {
    return refuse_with({{EINVAL, "this word is for daxemu run", "use daxemu run --intercept kernel -- COMMAND"}});
  }
  const auto path = find_executable(command[0], Reach::every_program);
  if (!path) {
    return refuse_with({path.error(), kExitNotRunnable});
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  end_with_parent();
  tl::expected<ChildEnd, Problem> end = ChildEnd{};
  {
    const auto supervisor = supervise::Supervisor::start(location);
    if (!supervisor) {
      return refuse_with({supervisor.error()});
    }
    Command one{*path, command, {}};
    one.become = [&](const char* file, char* const* arguments) {
      return become_supervised(supervisor->entry(), file, arguments);
    };
    end = run_child(one);
    if (const int left = end_descendants(); left > 0) {
      note(fmt::format("{} programs that the command has left behind were ended: nobody answers their calls any more",
                       left));
    }
  }
  if (!end) {
    return refuse_with({end.error(), kExitNotRunnable});
  }
  end_like(*end);
}

int enter_command(const std::vector<std::string>& command) {
  if (command.size() < 2) {
    return refuse_with({{EINVAL, "this word is for programs under daxemu run", "use daxemu run -- COMMAND"}});
  }
  std::vector<char*> arguments;
  for (std::size_t at = 1; at < command.size(); ++at) {
    arguments.push_back(const_cast<char*>(command[at].c_str()));
  }
  arguments.push_back(nullptr);
  auto socket = start_aside();
  const auto entered = socket ? supervise::enter(socket->get(), supervise::numbers_here()) : Result<void>(fail(EAGAIN));
  const bool by_us = std::getenv(kSupervisedVariable) != nullptr; // then its calls are answered already
  if (!entered && !by_us) {
    const Problem why = refuse_notifications(entered.error()).error();
    note(fmt::format("{} cannot see the devices: {}; {}", command[0], why.what, why.remedy));
  }
  const int code = exec_without_library(command[0].c_str(), arguments.data());
  return refuse_with({{code, command[0] + ": " + std::strerror(code), "check the command"}, kExitNotRunnable});
}

int serve_aside() {
  const char* location = std::getenv("DAXEMU_PLATFORM");
  auto fd = supervise::receive_listener(kServedSocket);
  if (location == nullptr || !fd) { // the program did not get so far
    return kExitRefused;
  }
  (void)::close(kServedSocket);
  // Another process answers, and this one ends the programs if that is killed.
  supervise::InHand in_hand;
  const pid_t child = ::fork();
  if (child == 0) {
    return supervise::serve_from(location, std::move(*fd), std::move(in_hand)) ? 0 : kExitRefused;
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    supervise::end_orphans(supervise::Listener(std::move(*fd), std::move(in_hand)));
    return kExitRefused;
  }
  return 0;
}

} // namespace daxemu::cli
