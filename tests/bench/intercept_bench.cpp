// What `--intercept kernel` costs: calls that the filter lets pass, calls that are told of and let go on, calls on the
// device, and whole programs. A twin of this process runs under it, on the same CPU, and the two take turns; a number
// is the median of the pairs' differences, with the interval that holds the true median in 95 of 100 runs. Prints a
// table.
//   daxemu-bench-intercept [--quick] [--pairs N] [FOLDER]     FOLDER: a git work tree to look through, with a Go
//   program in it
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/twin.hpp"

namespace {

constexpr const char* kDevice = "/dev/dax0.0";
constexpr std::size_t kExtent = 2U << 20U;
constexpr int kMostPrograms = 15; // pairs: they take their time

int fd_of(const char* path, int flags) {
  return ::open(path, flags | O_CLOEXEC);
}
int zero_fd() {
  static const int fd = fd_of("/dev/zero", O_RDONLY);
  return fd;
}
int null_fd() {
  static const int fd = fd_of("/dev/null", O_WRONLY);
  return fd;
}
int device_fd() {
  static const int fd = fd_of(kDevice, O_RDWR);
  return fd;
}
// Memory where the collector of a Go program has its own.
char* heap() {
  static char* const at = static_cast<char*>(::mmap(reinterpret_cast<void*>(0xc0'0000'0000), 1U << 20U,
                                                    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  return at;
}
// Results are of no interest: both sides make the same calls.
template <class T>
void ignore(T) {}

struct stat about;
char byte;

struct Case {
  const char* name;
  const char* kind;
  int calls; // in a turn
  void (*call)();
};
constexpr const char* kPasses = "passes";
constexpr const char* kTold = "told of, goes on";
constexpr const char* kDevices = "of the device";
const std::array kCases = {
    Case{"getpid", kPasses, 1000, [] { ignore(::syscall(SYS_getpid)); }},
    Case{"read of an ordinary descriptor", kPasses, 500, [] { ignore(::read(zero_fd(), &byte, 1)); }},
    Case{"write to one", kPasses, 500, [] { ignore(::write(null_fd(), &byte, 1)); }},
    Case{"fstat of one", kPasses, 500, [] { ignore(::fstat(zero_fd(), &about)); }},
    Case{"madvise of a Go heap", kPasses, 500, [] { ignore(::madvise(heap(), 4096, MADV_DONTNEED)); }},
    Case{"mprotect of it", kPasses, 500, [] { ignore(::mprotect(heap(), 4096, PROT_READ | PROT_WRITE)); }},
    Case{"write to a standard stream", kTold, 20, [] { ignore(::write(STDERR_FILENO, &byte, 0)); }},
    Case{"munmap of what mmap has placed", kTold, 20,
         [] { ::munmap(::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096); }},
    Case{"stat, absolute", kTold, 20, [] { ignore(::stat("/usr/bin/env", &about)); }},
    Case{"stat of nothing", kTold, 20, [] { ignore(::stat("/usr/bin/no-such", &about)); }},
    Case{"lstat, relative", kTold, 20, [] { ignore(::lstat("usr", &about)); }},
    Case{"lstat, relative, two names", kTold, 20, [] { ignore(::lstat("usr/bin", &about)); }},
    Case{"open and close", kTold, 20, [] { ::close(::open("/usr/bin/env", O_RDONLY)); }},
    Case{"stat", kDevices, 5, [] { ignore(::stat(kDevice, &about)); }},
    Case{"open and close", kDevices, 5, [] { ::close(::open(kDevice, O_RDWR)); }},
    Case{"fstat", kDevices, 5, [] { ignore(::fstat(device_fd(), &about)); }},
    Case{"mmap and munmap of an extent", kDevices, 3,
         [] { ::munmap(::mmap(nullptr, kExtent, PROT_READ, MAP_SHARED, device_fd(), 0), kExtent); }}};

struct Program {
  const char* name;
  std::vector<const char*> words;
};
const std::array kPrograms = {
    Program{"find /usr -type f", {"find", "/usr", "-type", "f"}},
    Program{"git status", {"git", "status", "--short"}},
    Program{"go build", {"go", "build", "-o", "/dev/null", "tests/clients/programs/go_program.go"}},
};

double now() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double time_of_calls(const Case& one) {
  for (int at = 0; at < one.calls / 10 + 2; ++at) {
    one.call();
  }
  const double begin = now();
  for (int at = 0; at < one.calls; ++at) {
    one.call();
  }
  return (now() - begin) / one.calls;
}

double time_of_program(const Program& program) {
  std::vector<char*> argv;
  for (const char* word : program.words) {
    argv.push_back(const_cast<char*>(word));
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&quiet, stream, "/dev/null", O_RDWR, 0);
  }
  const double begin = now();
  pid_t child = 0;
  int status = 0;
  const bool fine = ::posix_spawnp(&child, argv[0], &quiet, nullptr, argv.data(), environ) == 0 &&
                    ::waitpid(child, &status, 0) == child && status == 0;
  posix_spawn_file_actions_destroy(&quiet);
  return fine ? now() - begin : -1;
}

// Nanoseconds; negative: it cannot be done here.
double turn(std::size_t number) {
  if (number >= kCases.size()) {
    return time_of_program(kPrograms[number - kCases.size()]);
  }
  ignore(::chdir("/")); // where the relative paths begin; programs get theirs back
  const double took = time_of_calls(kCases[number]);
  return took;
}

struct Median {
  double value = 0;
  double least = 0; // the interval's ends
  double most = 0;
};

Median median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  const auto from = static_cast<std::size_t>(std::max(0.0, std::floor((count - 1.96 * std::sqrt(count)) / 2)));
  return {values[values.size() / 2], values[from], values[values.size() - 1 - from]};
}

struct Pairs {
  std::vector<double> plain;
  std::vector<double> theirs;
  std::vector<double> more;
};

using Twin = daxemu::bench::Twin<double>;

bool measure(const Twin& twin, std::size_t number, int pairs, bool only_theirs, Pairs& found) {
  double before = only_theirs ? 0 : turn(number);
  for (int pair = 0; pair < pairs; ++pair) {
    double theirs = -1;
    if (!twin.turn(number, theirs) || theirs < 0 || before < 0) {
      return false;
    }
    const double after = only_theirs ? 0 : turn(number);
    found.plain.push_back(after);
    found.theirs.push_back(theirs);
    found.more.push_back(theirs - (before + after) / 2);
    before = after;
  }
  return true;
}

void report_call(const Case& one, const Pairs& found) {
  const Median plain = median_of(found.plain);
  const Median more = median_of(found.more);
  if (one.kind == kDevices) {
    std::printf("| %s | %s | | %.1f us | %.1f to %.1f |\n", one.name, one.kind, more.value / 1e3, more.least / 1e3,
                more.most / 1e3);
  } else {
    std::printf("| %s | %s | %.2f us | +%.2f us | %+.2f to %+.2f |\n", one.name, one.kind, plain.value / 1e3,
                more.value / 1e3, more.least / 1e3, more.most / 1e3);
  }
}

void report_program(const Program& program, const Pairs& found) {
  std::vector<double> ratios;
  for (std::size_t at = 0; at < found.plain.size(); ++at) {
    ratios.push_back(found.theirs[at] / (found.theirs[at] - found.more[at]));
  }
  const Median ratio = median_of(ratios);
  std::printf("| `%s` | program | %.0f ms | x %.2f | %.2f to %.2f |\n", program.name,
              median_of(found.plain).value / 1e6, ratio.value, ratio.least, ratio.most);
}

} // namespace

int main(int argc, char** argv) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  (void)::sched_setaffinity(0, sizeof one, &one);
  int pairs = 101;
  const char* folder = nullptr;
  for (int at = 1; at < argc; ++at) {
    const std::string_view word(argv[at]);
    if (word == "--twin") {
      if (folder != nullptr && ::chdir(folder) != 0) {
        return 2;
      }
      return daxemu::bench::be_twin<double>([](std::size_t number) { return turn(number); });
    }
    if (word == "--quick") {
      pairs = 1;
    } else if (word == "--pairs" && at + 1 < argc) {
      pairs = std::max(1, std::atoi(argv[++at]));
    } else {
      folder = argv[at];
    }
  }
  char* const whole = folder == nullptr ? nullptr : ::realpath(folder, nullptr);
  if (folder != nullptr && (whole == nullptr || ::chdir(whole) != 0)) {
    std::fprintf(stderr, "daxemu-bench-intercept: %s is no folder to look through\n", folder);
    return 2;
  }
  std::printf("| call | kind | plain | `--intercept kernel` | 95%% |\n|---|---|---|---|---|\n");
  const int programs = std::clamp(pairs / 10, 1, kMostPrograms);
  // Programs in a twin of their own: that of the calls has its directory.
  for (const bool calls : {true, false}) {
    const std::vector<std::string> arguments =
        calls || whole == nullptr ? std::vector<std::string>() : std::vector<std::string>{whole};
    const std::size_t from = calls ? 0 : kCases.size();
    const std::size_t to = calls ? kCases.size() : kCases.size() + (whole == nullptr ? 1 : kPrograms.size());
    if (!calls && whole != nullptr && ::chdir(whole) != 0) {
      return 2;
    }
    const Twin twin(arguments, {"--intercept", "kernel"});
    for (std::size_t number = from; number < to; ++number) {
      Pairs found;
      const bool only_theirs = calls && kCases[number].kind == kDevices;
      if (!measure(twin, number, calls ? pairs : programs, only_theirs, found)) {
        std::fprintf(stderr, "daxemu-bench-intercept: %s cannot be measured here\n",
                     calls ? kCases[number].name : kPrograms[number - kCases.size()].name);
        if (calls) {
          return 1;
        }
        continue;
      }
      calls ? report_call(kCases[number], found) : report_program(kPrograms[number - kCases.size()], found);
      std::fflush(stdout);
    }
  }
  std::array<double, 1> load{};
  if (::getloadavg(load.data(), 1) == 1) {
    std::printf("\nOn %ld CPUs, load average %.1f, %d pairs of calls and %d of programs.\n",
                ::sysconf(_SC_NPROCESSORS_ONLN), load[0], pairs, programs);
  }
  return 0;
}
