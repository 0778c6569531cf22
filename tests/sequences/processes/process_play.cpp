// How children are played: each reads calls from a socket and answers with what it found.
#include "tests/sequences/processes/processes.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"

namespace sequences::processes {
namespace {

constexpr std::size_t kLongest = 16384; // of a call or an answer
constexpr const char* kGone = "nobody";

// The child's life: until its socket is closed.
[[noreturn]] void serve(Stage& stage, int socket) {
  static char text[kLongest];
  for (ssize_t got = 0; (got = ::recv(socket, text, sizeof text, 0)) > 0;) {
    const std::string outcome = outcome_of(stage, parse_call(std::string(text, static_cast<std::size_t>(got))));
    (void)!::send(socket, outcome.data(), outcome.size(), MSG_NOSIGNAL);
  }
  ::_exit(0);
}

Helper* helper_of(Stage& stage, const std::string& word) {
  const auto number = static_cast<std::size_t>(std::atoi(word.c_str()));
  return number >= 1 && number <= stage.helpers.size() ? &stage.helpers[number - 1] : nullptr;
}

std::string ended(Helper& helper) {
  ::close(helper.socket);
  int status = 0;
  ::waitpid(helper.process, &status, 0);
  helper = {};
  return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                             : "status " + std::to_string(WEXITSTATUS(status));
}

// Calls of others are not the child's: it has no children.
std::string start(Stage& stage, const Call& call) {
  Helper* helper = helper_of(stage, call.word(0));
  if (helper == nullptr || helper->process != 0) {
    return "is there";
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return conformance::last_error();
  }
  const pid_t process = ::fork();
  if (process == 0) {
    for (Helper& other : stage.helpers) {
      if (other.process != 0) {
        ::close(other.socket);
      }
      other = {};
    }
    ::close(ends[0]);
    serve(stage, ends[1]);
  }
  ::close(ends[1]);
  *helper = {process, ends[0]};
  return process < 0 ? conformance::last_error() : "ok";
}

std::string in(Stage& stage, const Call& call) {
  Helper* helper = helper_of(stage, call.word(0));
  if (helper == nullptr || helper->process == 0) {
    return kGone;
  }
  const std::string text = inner_call(call, 1).text();
  static char answer[kLongest];
  if (::send(helper->socket, text.data(), text.size(), MSG_NOSIGNAL) < 0) {
    return ended(*helper);
  }
  const ssize_t got = ::recv(helper->socket, answer, sizeof answer, 0);
  return got <= 0 ? ended(*helper) : std::string(answer, static_cast<std::size_t>(got));
}

std::string stop(Stage& stage, const Call& call) {
  Helper* helper = helper_of(stage, call.word(0));
  if (helper == nullptr || helper->process == 0) {
    return kGone;
  }
  if (call.word(1) == "kill") {
    ::kill(helper->process, SIGKILL);
  } else if (call.word(1) == "abort") {
    ::kill(helper->process, SIGTERM);
  } else if (call.word(1) == "exec") {
    const std::string text = "become";
    (void)!::send(helper->socket, text.data(), text.size(), MSG_NOSIGNAL);
  } else {
    ::shutdown(helper->socket, SHUT_RDWR);
  }
  return ended(*helper);
}

// Another program, which ends at once. Only children are told so.
std::string become(Stage& /*stage*/, const Call& /*call*/) {
  ::dup2(::open("/dev/null", O_RDWR), STDOUT_FILENO);
  ::execl("/proc/self/exe", "daxemu-sequences", "--help", static_cast<char*>(nullptr));
  return conformance::last_error();
}

std::string by_vfork(Stage& stage, const Call& call) {
  const Call inner = inner_call(call, 0);
  static std::string text; // the child's memory is this one's
  text.clear();
  const pid_t process = ::vfork();
  if (process == 0) {
    text = outcome_of(stage, inner);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return status == 0 ? text : text + " status=" + std::to_string(status);
}

} // namespace

Call inner_call(const Call& call, std::size_t skip) {
  Call inner;
  inner.name = call.word(skip);
  if (call.words.size() > skip) {
    inner.words.assign(call.words.begin() + static_cast<std::ptrdiff_t>(skip) + 1, call.words.end());
  }
  return inner;
}

std::optional<std::string> play(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"start", start}, {"in", in}, {"stop", stop}, {"become", become}, {"vfork", by_vfork}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return play_threads(stage, call);
}

} // namespace sequences::processes
