#include "runtime/cli/stage/child.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::cli {
namespace {

// What is passed on. Left out: synchronous faults of daxemu itself, KILL and STOP, and the job-control signals that
// only mean something to a process that reads a terminal.
constexpr std::array kForwarded = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1, SIGUSR2,   SIGALRM,
                                   SIGCONT, SIGPIPE, SIGIO,   SIGWINCH, SIGTSTP, SIGVTALRM, SIGPROF};

// Those that mean: end.
bool asks_to_end(int signal) {
  return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
}

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  for (const int signal : kForwarded) {
    ::sigaddset(&set, signal);
  }
  return set;
}

// As dup2(2), which keeps a descriptor that is in its place already from the command.
void place(int fd, int at) {
  if (fd == at) {
    (void)::fcntl(fd, F_SETFD, 0);
  } else if (fd >= 0) {
    (void)::dup2(fd, at);
  }
}

[[noreturn]] void become(const Command& command, const sigset_t& mask, int report) {
  for (const auto& [name, value] : command.environment) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  place(command.streams.input, STDIN_FILENO);
  place(command.streams.output, STDOUT_FILENO);
  place(command.streams.error, STDERR_FILENO);
  std::vector<char*> argv;
  argv.reserve(command.arguments.size() + 1);
  for (const std::string& argument : command.arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  int code = 0;
  if (command.become) {
    code = command.become(command.path.c_str(), argv.data());
  } else {
    ::execvp(command.path.c_str(), argv.data()); // execvp gives a script without "#!" to the shell
    code = errno;
  }
  [[maybe_unused]] const ssize_t told = ::write(report, &code, sizeof(code));
  ::_exit(127);
}

// A SIGCONT that came before we knew of the stop. To stop now would discard it (prepare_signal() in kernel/signal.c),
// and nobody would send another.
bool is_continued_already() {
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, SIGCONT);
  const timespec at_once{};
  return ::sigtimedwait(&only, nullptr, &at_once) == SIGCONT;
}

// One report of waitpid(2): the end, or nothing yet. What another thread of ours stops by ptrace(2) is left to that
// one.
bool child_ended(pid_t child, int& status) {
  siginfo_t seen{};
  while (::waitid(P_PID, static_cast<id_t>(child), &seen, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
         seen.si_pid == child && seen.si_code != CLD_TRAPPED &&
         ::waitpid(child, &status, WUNTRACED | WNOHANG) == child) {
    seen.si_pid = 0;
    if (!WIFSTOPPED(status)) {
      return true;
    }
    if (!is_continued_already()) {
      ::raise(SIGSTOP); // what started daxemu sees a stopped job, as without daxemu
    }
    ::kill(child, SIGCONT);
  }
  return false;
}

} // namespace

Outcome<ChildEnd> run_child(const Command& command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return refuse(errno, std::string("pipe: ") + std::strerror(errno), "raise the limit of open files");
  }
  UniqueFd report(pipe[0]);
  UniqueFd report_in_child(pipe[1]);
  const sigset_t watched = watched_signals();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &watched, &before);
  const pid_t child = ::fork();
  if (child < 0) {
    const int code = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return refuse(code, std::string("no process for the command: ") + std::strerror(code),
                  "raise the limit of processes or free some memory");
  }
  if (child == 0) {
    become(command, before, report_in_child.get());
  }
  report_in_child.reset();
  int code = 0;
  if (::read(report.get(), &code, sizeof(code)) == static_cast<ssize_t>(sizeof(code))) {
    ::waitpid(child, nullptr, 0);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return refuse(code, command.path + ": " + std::strerror(code), "check the command");
  }
  ChildEnd end;
  while (!child_ended(child, end.status)) {
    siginfo_t info{};
    if (::sigwaitinfo(&watched, &info) < 0 || info.si_signo == SIGCHLD) {
      continue;
    }
    if (asks_to_end(info.si_signo)) {
      end.asked_to_end = info.si_signo;
    }
    if (info.si_code <= 0) { // from a process; a terminal's (SI_KERNEL) went to the whole foreground group
      ::kill(child, info.si_signo);
    }
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return end;
}

void end_like(ChildEnd end) {
  if (WIFSIGNALED(end.status)) {
    const int signal = WTERMSIG(end.status);
    // PR_SET_DUMPABLE rather than RLIMIT_CORE: a core_pattern with a pipe ignores the limit.
    ::prctl(PR_SET_DUMPABLE, 0);
    ::signal(signal, SIG_DFL);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, signal);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(signal);
    std::_Exit(128 + signal); // not reached unless the signal's default is to do nothing
  }
  std::exit(WEXITSTATUS(end.status));
}

} // namespace daxemu::cli
