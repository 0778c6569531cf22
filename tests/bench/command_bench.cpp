// Whole programs that never touch a device (or only list them): plain, and by a twin of this process under daxemu, in
// turn within one run. Started under daxemu it has no twin, and runs those for daxemu on the platform it is given.
//   daxemu-bench-command FOLDER [google benchmark flags]     FOLDER: a git work tree to look through
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/twin.hpp"

namespace {

struct Command {
  const char* name;
  std::vector<const char*> words;
};
const std::array<Command, 5> kCommands = {
    Command{"true", {"true"}}, Command{"find", {"find", ".", "/usr/share", "-name", "*.none"}},
    Command{"git_status", {"git", "status", "--short"}},
    Command{"fio_threads",
            {"fio", "--name=threads", "--filename=fio.tmp", "--size=32M", "--rw=randrw", "--bs=4k", "--ioengine=psync",
             "--thread", "--numjobs=2", "--io_size=64M", "--minimal", "--fsync_on_close=0"}},
    Command{"daxctl_list", {"daxctl", "list"}}};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

struct Took {
  double seconds = -1; // negative: it cannot be run here, or failed
  double cpu = 0;      // seconds, which other people's load does not change so much
};

Took run(std::size_t number) {
  std::vector<char*> argv;
  for (const char* word : kCommands[number].words) {
    argv.push_back(const_cast<char*>(word));
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  const auto begin = std::chrono::steady_clock::now();
  pid_t child = 0;
  int status = 0;
  rusage used{};
  const bool fine = ::posix_spawnp(&child, argv[0], &quiet, nullptr, argv.data(), environ) == 0 &&
                    ::wait4(child, &status, 0, &used) == child && status == 0;
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  posix_spawn_file_actions_destroy(&quiet);
  return fine ? Took{time.count(), seconds(used.ru_utime) + seconds(used.ru_stime)} : Took{};
}

bool is_under_daxemu() {
  return std::getenv("DAXEMU_PLATFORM") != nullptr;
}

Took run_in_twin(std::size_t number) {
  if (is_under_daxemu()) {
    return run(number);
  }
  static const daxemu::bench::Twin<Took> twin({"."});
  Took took;
  return twin.turn(number, took) ? took : Took{};
}

void measure(benchmark::State& state, std::size_t number, bool plain) {
  double cpu = 0;
  for ([[maybe_unused]] auto _ : state) {
    const Took took = plain ? run(number) : run_in_twin(number);
    if (took.seconds < 0 || (plain && is_under_daxemu())) {
      state.SkipWithError((std::string(kCommands[number].name) + " cannot be run here, or failed").c_str());
      return;
    }
    state.SetIterationTime(took.seconds);
    cpu += took.cpu;
  }
  state.counters["cpu_us"] = cpu * 1e6 / static_cast<double>(state.iterations());
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2 || ::chdir(argv[1]) != 0) {
    std::fputs("daxemu-bench-command: the first argument is a git work tree to look through\n", stderr);
    return 2;
  }
  if (argc == 3 && std::string_view(argv[2]) == "--twin") {
    return daxemu::bench::be_twin<Took>(run);
  }
  for (std::size_t at = 0; at < kCommands.size(); ++at) {
    for (const bool plain : {true, false}) {
      const std::string full = std::string("command/") + kCommands[at].name + (plain ? "/plain" : "/daxemu");
      benchmark::RegisterBenchmark(full.c_str(), measure, at, plain)
          ->UseManualTime()
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
