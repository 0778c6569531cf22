// A second process of the same benchmark, started by `daxemu run` (or with another library preloaded), while the first
// one is plain: the two take turns at the same work. (Started the other way round, a plain one would not be: what runs
// under daxemu stays under it.)
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace daxemu::bench {

// Answer: what a turn gives, plain bytes.
template <class Answer>
class Twin {
public:
  // `arguments`: those of this program, after which comes --twin. `options`: of `daxemu run`, besides (a --config first
  // of them is the whole platform).
  explicit Twin(const std::vector<std::string>& arguments, const std::vector<std::string>& options = {}) {
    const std::string program = own_path();
    std::vector<std::string> words{program.substr(0, program.rfind('/')) + "/daxemu", "run"};
    if (options.empty() || options.front() != "--config") {
      words.insert(words.end(), {"--size", "64M", "--backing", "shmem"});
    }
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", program});
    words.insert(words.end(), arguments.begin(), arguments.end());
    start(words, environ);
  }
  // Not under daxemu, but with `library` preloaded.
  static Twin with_library(const std::string& library) {
    Twin twin;
    std::string preload = "LD_PRELOAD=" + library;
    std::vector<char*> variables{preload.data()};
    for (char** one = environ; *one != nullptr; ++one) {
      if (!std::string_view(*one).starts_with("LD_PRELOAD=")) {
        variables.push_back(*one);
      }
    }
    variables.push_back(nullptr);
    twin.start({own_path()}, variables.data());
    return twin;
  }
  // Its turn at piece `number` of the work. False: it has gone.
  [[nodiscard]] bool turn(std::size_t number, Answer& answer) const {
    return there_ && ::write(ask_, &number, sizeof number) == sizeof number &&
           ::read(hear_, &answer, sizeof answer) == sizeof answer;
  }

private:
  Twin() = default;

  static std::string own_path() {
    std::array<char, 4096> self{};
    return ::readlink("/proc/self/exe", self.data(), self.size() - 1) < 0 ? std::string() : self.data();
  }
  // `words`, and --twin.
  void start(std::vector<std::string> words, char* const* variables) {
    std::array<int, 2> questions{};
    std::array<int, 2> answers{};
    if (words.front().front() != '/' || ::pipe2(questions.data(), O_CLOEXEC) != 0 ||
        ::pipe2(answers.data(), O_CLOEXEC) != 0) {
      return;
    }
    words.emplace_back("--twin");
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) {
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, questions[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, answers[1], STDOUT_FILENO);
    pid_t pid = 0;
    there_ = ::posix_spawn(&pid, argv.front(), &actions, nullptr, argv.data(), variables) == 0;
    posix_spawn_file_actions_destroy(&actions);
    ::close(questions[0]);
    ::close(answers[1]);
    ask_ = questions[1];
    hear_ = answers[0];
  }

  bool there_ = false;
  int ask_ = -1; // both are open until this process ends, and then the twin ends
  int hear_ = -1;
};

// The twin's side, until the other one has ended. `work(number)` takes a turn. An exit status.
template <class Answer, class Work>
int be_twin(Work work) {
  std::size_t number = 0;
  while (::read(STDIN_FILENO, &number, sizeof number) == sizeof number) {
    const Answer answer = work(number);
    if (::write(STDOUT_FILENO, &answer, sizeof answer) != sizeof answer) {
      return 1;
    }
  }
  return 0;
}

} // namespace daxemu::bench
