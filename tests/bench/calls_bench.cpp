// Calls on descriptors, paths and memory that have nothing to do with a device: what interposition adds to each, in
// nanoseconds. A twin of this process runs under daxemu, on the same CPU, and the two take turns of a millisecond: a
// machine changes its speed from second to second by more than what is measured.
//   daxemu-bench-calls [--pairs N] [--out FILE] [--only TEXT]
//   daxemu-bench-calls --count NAME N     makes N calls, for a tool that counts instructions
#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/frame/pairs.hpp"
#include "tests/bench/frame/program.hpp"
#include "tests/bench/twin.hpp"

namespace {

using daxemu::bench::Turn;
using Twin = daxemu::bench::Twin<double>;

constexpr int kWarmUp = 50; // calls after the other one's turn
constexpr int kCalls = 500;
constexpr int kTimes = 40; // so many times the pairs that were asked for: nanoseconds are looked for in microseconds

template <class T>
void ignore(T) {} // both sides make the same calls

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
  ignore(::stat("/usr/bin/env", &st));
}
void fstat_descriptor() {
  struct stat st {};
  ignore(::fstat(zero_fd(), &st));
}
void read_descriptor() {
  char byte = 0;
  ignore(::read(zero_fd(), &byte, 1));
}
void write_descriptor() {
  const char byte = 0;
  ignore(::write(null_fd(), &byte, 1));
}
// A page between two mappings that it cannot be one with. Where the kernel puts one by itself it has other neighbours
// in each process, and page tables that come and go with it, or not: up to 500 ns more or less for as long as the
// process lives.
void* between_others() {
  static void* const place = [] {
    constexpr std::size_t kPage = 4096;
    constexpr std::size_t kSide = 8 * kPage;
    auto* const all = static_cast<char*>(
        ::mmap(nullptr, 2 * kSide + kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    ::munmap(all + kSide, kPage);
    return static_cast<void*>(all + kSide);
  }();
  return place;
}
// The functions that a program is linked to, which under daxemu are the library's; or the C library's own, past it.
struct MappingCalls {
  decltype(&::mmap) map = ::mmap;
  decltype(&::munmap) unmap = ::munmap;
};
const MappingCalls& past_the_library() {
  static const MappingCalls own = [] {
    void* const libc = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    return MappingCalls{reinterpret_cast<decltype(&::mmap)>(::dlsym(libc, "mmap")),
                        reinterpret_cast<decltype(&::munmap)>(::dlsym(libc, "munmap"))};
  }();
  return own;
}
MappingCalls mapping;

void map_unmap() {
  mapping.unmap(mapping.map(between_others(), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
}
void map_unmap_file() { // as a library is mapped
  mapping.unmap(mapping.map(between_others(), 4096, PROT_READ, MAP_PRIVATE, file_fd(), 0), 4096);
}

// From then on this process has two threads, of which the other one sleeps.
void start_a_thread() {
  static const bool started = [] {
    std::thread([] {
      while (true) {
        ::pause();
      }
    }).detach();
    return true;
  }();
  ignore(started);
}

struct Case {
  const char* name;
  void (*call)();
  bool threads = false; // not before a thread was started; those stand behind all others
  // What it takes depends on what else is mapped, in a tree that fills up and splits: so it is measured in one process
  // as well, through the library and past it.
  bool maps = false;
};
constexpr std::array kCases = {Case{"open_close", open_close},
                               Case{"open_close_dev", open_close_dev},
                               Case{"stat_path", stat_path},
                               Case{"fstat_descriptor", fstat_descriptor},
                               Case{"read_descriptor", read_descriptor},
                               Case{"write_descriptor", write_descriptor},
                               Case{"map_unmap", map_unmap, false, true},
                               Case{"map_unmap_file", map_unmap_file, false, true},
                               Case{"open_close_threads", open_close, true}};

// Nanoseconds of one call, over a turn; of numbers beyond the cases, past the library.
double turn(std::size_t number) {
  mapping = number < kCases.size() ? MappingCalls{} : past_the_library();
  number %= kCases.size();
  void (*const call)() = kCases[number].call;
  if (kCases[number].threads) {
    start_a_thread();
  }
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

Turn in(const Twin& twin, std::size_t number) {
  double took = 0;
  return twin.turn(number, took) ? Turn{took, {}, ""} : Turn{0, {}, "the twin has gone"};
}
Turn in_twin(std::size_t number) {
  static const Twin twin(std::vector<std::string>{});
  return in(twin, number);
}
Turn with_empty_library(std::size_t number) {
  static const Twin twin = Twin::with_library(daxemu::bench::empty_library());
  return in(twin, number);
}

// No other call than those of the program's start, one of each, and N of the one that is named.
int count(std::string_view name, long calls) {
  void (*named)() = nullptr;
  bool threads = false;
  for (const Case& one : kCases) {
    one.call();
    if (name == one.name) {
      named = one.call;
      threads = one.threads;
    }
  }
  if (threads) {
    start_a_thread();
  }
  for (long at = 0; named != nullptr && at < calls; ++at) {
    named();
  }
  return named != nullptr ? 0 : 2;
}

} // namespace

int main(int argc, char** argv) {
  daxemu::bench::Pairs pairs(argc, argv);
  if (argc == 4 && std::string_view(argv[1]) == "--count") {
    return count(argv[2], std::atol(argv[3]));
  }
  stay_on_one_cpu();
  if (argc == 2 && std::string_view(argv[1]) == "--twin") {
    return daxemu::bench::be_twin<double>(turn);
  }
  for (std::size_t at = 0; at < kCases.size(); ++at) {
    const std::string name = std::string("calls/") + kCases[at].name;
    daxemu::bench::Pairs::Group group{"ns",
                                      {{name + "/plain",
                                        [at] {
                                          return Turn{turn(at), {}, ""};
                                        }},
                                       {name + "/daxemu", [at] { return in_twin(at); }}},
                                      kTimes};
    if (kCases[at].maps) {
      group.contenders.push_back({name + "/past", [at] { return in_twin(kCases.size() + at); }});
      group.contenders.push_back({name + "/empty", [at] { return with_empty_library(at); }});
    }
    pairs.add(std::move(group));
  }
  return pairs.run();
}
