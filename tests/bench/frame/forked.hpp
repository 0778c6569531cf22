// A process of its own for a contender that needs one: forked, it sets itself up, and answers turns until it is killed.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace daxemu::bench {

class Forked {
public:
  // `work` is called in the child: `double work(std::size_t)` is what a turn gives. `make` makes it there, once.
  template <class Make>
  explicit Forked(Make make) {
    std::array<int, 2> questions{};
    std::array<int, 2> answers{};
    if (::pipe(questions.data()) != 0 || ::pipe(answers.data()) != 0) {
      return;
    }
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL); // others hold the pipes too: their end would not be seen
      auto work = make();
      std::size_t number = 0;
      while (::read(questions[0], &number, sizeof number) == sizeof number) {
        const double answer = work(number);
        if (::write(answers[1], &answer, sizeof answer) != sizeof answer) {
          break;
        }
      }
      ::_exit(0);
    }
    ::close(questions[0]);
    ::close(answers[1]);
    ask_ = questions[1];
    hear_ = answers[0];
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  ~Forked() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      ::close(ask_);
      ::close(hear_);
    }
  }
  // Negative: it has gone, or cannot do it.
  [[nodiscard]] double turn(std::size_t number) const {
    double answer = -1;
    return pid_ > 0 && ::write(ask_, &number, sizeof number) == sizeof number &&
                   ::read(hear_, &answer, sizeof answer) == sizeof answer
               ? answer
               : -1;
  }

private:
  pid_t pid_ = -1;
  int ask_ = -1;
  int hear_ = -1;
};

} // namespace daxemu::bench
