// Whole programs that never touch a device (or only list them), plain and under daxemu in turn within one run. To be
// started under daxemu: a plain run is the same command without the two variables that make it ours.
//   daxemu-bench-command FOLDER [google benchmark flags]     FOLDER: a git work tree to look through
#include <chrono>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using Words = std::vector<std::string>;

std::vector<char*> pointers(const Words& words) {
  std::vector<char*> result;
  for (const std::string& word : words) {
    result.push_back(const_cast<char*>(word.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

Words environment(bool plain) {
  Words kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (!plain || (!text.starts_with("LD_PRELOAD=") && !text.starts_with("DAXEMU_"))) {
      kept.push_back(text);
    }
  }
  return kept;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// Real time of the run; what it spent of the CPU is a counter, which other people's load does not change so much.
void run_command(benchmark::State& state, const Words& command, bool plain) {
  const Words variables = environment(plain);
  const auto argv = pointers(command);
  const auto envp = pointers(variables);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  double cpu = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    pid_t child = 0;
    int status = 0;
    rusage used{};
    if (::posix_spawnp(&child, argv[0], &quiet, nullptr, argv.data(), envp.data()) != 0 ||
        ::wait4(child, &status, 0, &used) != child || status != 0) {
      state.SkipWithError((command[0] + " cannot be run here, or failed").c_str());
      break;
    }
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    cpu += seconds(used.ru_utime) + seconds(used.ru_stime);
  }
  posix_spawn_file_actions_destroy(&quiet);
  state.counters["cpu_us"] = cpu * 1e6 / static_cast<double>(state.iterations());
}

void add(const char* name, const Words& command) {
  for (const bool plain : {true, false}) {
    const std::string full = std::string("command/") + name + (plain ? "/plain" : "/daxemu");
    benchmark::RegisterBenchmark(full.c_str(), run_command, command, plain)
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2 || ::chdir(argv[1]) != 0) {
    std::fputs("daxemu-bench-command: the first argument is a git work tree to look through\n", stderr);
    return 2;
  }
  add("true", {"true"});
  add("find", {"find", ".", "/usr/share", "-name", "*.none"});
  add("git_status", {"git", "status", "--short"});
  add("fio_threads",
      {"fio", "--name=threads", "--filename=fio.tmp", "--size=32M", "--rw=randrw", "--bs=4k", "--ioengine=psync",
       "--thread", "--numjobs=2", "--io_size=64M", "--minimal", "--fsync_on_close=0"});
  add("daxctl_list", {"daxctl", "list"});
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
