// Calls on descriptors, paths and memory that have nothing to do with a device: what interposition adds to each, in
// nanoseconds. A twin of this process runs under daxemu, on the same CPU, and the two take turns of a millisecond: a
// machine changes its speed from second to second by more than what is measured.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/quick.hpp"
#include "tests/bench/twin.hpp"

namespace {

using daxemu::bench::quick;
using daxemu::bench::Twin;

constexpr int kWarmUp = 50; // calls after the other one's turn
constexpr int kCalls = 500;

int zero_fd() {
  static const int fd = ::open("/dev/zero", O_RDONLY);
  return fd;
}
int null_fd() {
  static const int fd = ::open("/dev/null", O_WRONLY);
  return fd;
}
int file_fd() {
  static const int fd = ::open("/proc/self/exe", O_RDONLY);
  return fd;
}

void open_close() {
  ::close(::open("/usr/bin/env", O_RDONLY));
}
void open_close_dev() { // a path whose text has to be looked at: many devices are emulated there
  ::close(::open("/dev/null", O_RDONLY));
}
void stat_path() {
  struct stat st {};
  benchmark::DoNotOptimize(::stat("/usr/bin/env", &st));
}
void fstat_descriptor() {
  struct stat st {};
  benchmark::DoNotOptimize(::fstat(zero_fd(), &st));
}
void read_descriptor() {
  char byte = 0;
  benchmark::DoNotOptimize(::read(zero_fd(), &byte, 1));
}
void write_descriptor() {
  const char byte = 0;
  benchmark::DoNotOptimize(::write(null_fd(), &byte, 1));
}
void map_unmap() { // unlike its neighbours, or it would be one mapping with them in one process and not in the other
  ::munmap(::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
}
void map_unmap_file() { // as a library is mapped
  ::munmap(::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file_fd(), 0), 4096);
}

struct Case {
  const char* name;
  void (*call)();
};
constexpr std::array kCases = {Case{"open_close", open_close},
                               Case{"open_close_dev", open_close_dev},
                               Case{"stat_path", stat_path},
                               Case{"fstat_descriptor", fstat_descriptor},
                               Case{"read_descriptor", read_descriptor},
                               Case{"write_descriptor", write_descriptor},
                               Case{"map_unmap", map_unmap},
                               Case{"map_unmap_file", map_unmap_file}};

// Nanoseconds of one call, over a turn.
double turn(std::size_t number) {
  void (*const call)() = kCases[number].call;
  for (int at = 0; at < kWarmUp; ++at) {
    call();
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int at = 0; at < kCalls; ++at) {
    call();
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / kCalls;
}

void stay_on_one_cpu() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  (void)::sched_setaffinity(0, sizeof one, &one); // where that is refused the two take turns on two
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// The time is that of a plain call; `added_ns` the median of what a turn of the twin took more than the plain ones
// around it.
void added(benchmark::State& state, std::size_t number) {
  static const Twin<double> twin({});
  const int rounds = quick() ? 1 : 200;
  for ([[maybe_unused]] auto _ : state) {
    std::vector<double> plain;
    std::vector<double> more;
    double before = turn(number);
    for (int round = 0; round < rounds; ++round) {
      double ours = 0;
      if (!twin.turn(number, ours)) {
        state.SkipWithError("the twin under daxemu has gone");
        return;
      }
      const double after = turn(number);
      plain.push_back(after);
      more.push_back(ours - (before + after) / 2);
      before = after;
    }
    state.SetIterationTime(median(plain) * 1e-9);
    state.counters["added_ns"] = median(more);
  }
}

} // namespace

int main(int argc, char** argv) {
  stay_on_one_cpu();
  if (argc == 2 && std::string_view(argv[1]) == "--twin") {
    return daxemu::bench::be_twin<double>(turn);
  }
  for (std::size_t at = 0; at < kCases.size(); ++at) {
    benchmark::RegisterBenchmark((std::string("calls/") + kCases[at].name).c_str(), added, at)
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kNanosecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
