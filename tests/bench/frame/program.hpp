// A program started, waited for and timed from outside of it.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace daxemu::bench {

struct Took {
  double seconds = -1; // negative: it cannot be run here, or failed
  double cpu = 0;      // seconds, which other people's load does not change so much
  double faults = 0;   // pages that it faulted in, which no load changes
};

// A library with nothing in it, beside this program: what it costs that any is preloaded.
inline std::string empty_library() {
  std::array<char, 4096> self{};
  (void)!::readlink("/proc/self/exe", self.data(), self.size() - 1);
  const std::string program(self.data());
  return program.substr(0, program.rfind('/')) + "/../lib/libdaxemu-bench-empty.so";
}

// `words`: the program's name, looked for in PATH, and its arguments. Streams are /dev/null. `environment`: else ours.
inline Took run_program(const std::vector<std::string>& words, char** environment = environ) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  pid_t child = 0;
  int status = 0;
  rusage used{};
  const auto begin = std::chrono::steady_clock::now();
  const bool fine = ::posix_spawnp(&child, argv[0], &quiet, nullptr, argv.data(), environment) == 0 &&
                    ::wait4(child, &status, 0, &used) == child && status == 0;
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  posix_spawn_file_actions_destroy(&quiet);
  const auto seconds = [](const timeval& of) {
    return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) * 1e-6;
  };
  return fine ? Took{time.count(), seconds(used.ru_utime) + seconds(used.ru_stime), static_cast<double>(used.ru_minflt)}
              : Took{};
}

} // namespace daxemu::bench
