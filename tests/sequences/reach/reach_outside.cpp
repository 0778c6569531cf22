// Memory that is reached by a file of /proc or by another process.
#include "tests/sequences/reach/reach.hpp"

#include <cerrno>
#include <csignal>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"

namespace sequences::reach {
namespace {

using conformance::last_error;

std::string through_file(Stage& stage, const Call& call) {
  const bool reads = call.name == "mem-read";
  const std::uint64_t length = stage.units.bytes(call.word(1));
  const auto at = reinterpret_cast<off_t>(stage.at(call.word(0)));
  const int file = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  std::vector<char> bytes(length + 1, static_cast<char>(1 + stage.written % 250));
  const ssize_t done = reads ? ::pread(file, bytes.data(), length, at) : ::pwrite(file, bytes.data(), length, at);
  std::string text = moved(done);
  if (reads && done > 0) {
    text += " sum=" + sum_of(bytes.data(), static_cast<std::size_t>(done));
  }
  stage.written += reads ? 0 : 1;
  ::close(file);
  return text;
}

// A child that waits, and has what its parent has mapped; stopped only where it is traced, for of a process that is
// stopped nobody serves what it has not touched.
class Waiting {
public:
  explicit Waiting(bool traced) {
    int ends[2];
    (void)!::pipe2(ends, O_CLOEXEC);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (traced) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
      }
      (void)!::write(ends[1], "", 1); // what is done in a child of fork(2) has been done
      for (;;) {
        ::pause();
      }
    }
    if (traced) {
      int status = 0;
      ::waitpid(child_, &status, WUNTRACED);
    } else {
      char ready = 0;
      (void)!::read(ends[0], &ready, 1);
    }
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Waiting() {
    ::kill(child_, SIGKILL);
    int status = 0;
    ::waitpid(child_, &status, 0);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  [[nodiscard]] pid_t process() const { return child_; }

private:
  pid_t child_ = -1;
};

std::string traced(Stage& stage, const Call& call) {
  const Waiting child(true);
  char* at = stage.at(call.word(0));
  errno = 0;
  const long word = ::ptrace(PTRACE_PEEKDATA, child.process(), at, nullptr);
  if (errno != 0) {
    return last_error();
  }
  if (call.name == "peek") {
    return "=" + std::to_string(word);
  }
  const long put = std::stol(call.word(1));
  if (::ptrace(PTRACE_POKEDATA, child.process(), at, reinterpret_cast<void*>(put)) != 0) {
    return last_error();
  }
  return "=" + std::to_string(::ptrace(PTRACE_PEEKDATA, child.process(), at, nullptr));
}

std::string of_child(Stage& stage, const Call& call) {
  const Waiting child(false);
  const std::uint64_t length = stage.units.bytes(call.word(1));
  std::vector<char> bytes(length + 1, static_cast<char>(1 + stage.written % 250));
  const iovec here = {bytes.data(), length};
  const iovec there = {stage.at(call.word(0)), length};
  if (call.name == "child-write") {
    ++stage.written;
    return moved(::process_vm_writev(child.process(), &here, 1, &there, 1, 0));
  }
  const ssize_t got = ::process_vm_readv(child.process(), &here, 1, &there, 1, 0);
  return got > 0 ? moved(got) + " sum=" + sum_of(bytes.data(), static_cast<std::size_t>(got)) : moved(got);
}

} // namespace

std::optional<std::string> play_from_outside(Stage& stage, const Call& call) {
  if (call.name == "mem-read" || call.name == "mem-write") {
    return through_file(stage, call);
  }
  if (call.name == "peek" || call.name == "poke") {
    return traced(stage, call);
  }
  if (call.name == "child-read" || call.name == "child-write") {
    return of_child(stage, call);
  }
  return std::nullopt;
}

} // namespace sequences::reach
