// A first touch that is served from outside (`--intercept kernel`) beside one that the library serves: two twins of
// this process take turns at touching the same device; a number is the median of the turns, and of the pairs' ratios,
// with the interval that holds the true median in 95 of 100 runs. Prints a table.
//   daxemu-bench-outside [--quick] [--pairs N]
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bench/twin.hpp"

namespace {

constexpr std::size_t kExtent = 2U << 20U;
constexpr std::size_t kExtents = 32; // of Twin's device

struct Case {
  const char* name;
  std::size_t step; // extents from one touch to the next: odd, so that all are touched
};
constexpr std::array kCases = {Case{"one extent after the other", 1}, Case{"here and there", 13}};

// Microseconds of a touch, all extents touched once by a mapping that is new; negative: it cannot be done.
double turn(std::size_t number) {
  static const int device = ::open("/dev/dax0.0", O_RDWR | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, kExtents * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
  if (mapped == MAP_FAILED) {
    return -1;
  }
  auto* const bytes = static_cast<volatile char*>(mapped);
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t at = 0; at < kExtents; ++at) {
    bytes[at * kCases[number].step % kExtents * kExtent] = 1;
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  ::munmap(mapped, kExtents * kExtent);
  return took.count() / kExtents;
}

std::array<double, 3> median_of(std::vector<double> values) { // and the interval's ends
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  const auto from = static_cast<std::size_t>(std::max(0.0, std::floor((count - 1.96 * std::sqrt(count)) / 2)));
  return {values[values.size() / 2], values[from], values[values.size() - 1 - from]};
}

} // namespace

int main(int argc, char** argv) {
  int pairs = 201;
  for (int at = 1; at < argc; ++at) {
    const std::string_view word(argv[at]);
    if (word == "--twin") {
      return daxemu::bench::be_twin<double>([](std::size_t number) { return turn(number); });
    }
    pairs = word == "--quick" ? 1 : pairs;
    pairs = word == "--pairs" && at + 1 < argc ? std::max(1, std::atoi(argv[at + 1])) : pairs;
  }
  std::printf("| touches | each a fault | inside | outside | outside / inside | 95%% |\n|---|---|---|---|---|---|\n");
  for (const bool exact : {false, true}) {
    const std::vector<std::string> one = exact ? std::vector<std::string>{"--exact"} : std::vector<std::string>{};
    std::vector<std::string> libc{"--align", "2M", "--intercept", "libc"};
    std::vector<std::string> kernel{"--align", "2M", "--intercept", "kernel"};
    libc.insert(libc.end(), one.begin(), one.end());
    kernel.insert(kernel.end(), one.begin(), one.end());
    const daxemu::bench::Twin<double> inside({}, libc);
    const daxemu::bench::Twin<double> outside({}, kernel);
    for (std::size_t number = 0; number < kCases.size(); ++number) {
      std::vector<double> in;
      std::vector<double> out;
      std::vector<double> ratios;
      for (int pair = 0; pair < pairs; ++pair) {
        double first = -1;
        double second = -1;
        if (!inside.turn(number, first) || !outside.turn(number, second) || first <= 0 || second <= 0) {
          std::fputs("daxemu-bench-outside: it cannot be measured here\n", stderr);
          return 77;
        }
        in.push_back(first);
        out.push_back(second);
        ratios.push_back(second / first);
      }
      const auto ratio = median_of(ratios);
      std::printf("| %s | %s | %.1f us | %.1f us | %.2f | %.2f to %.2f |\n", kCases[number].name, exact ? "yes" : "no",
                  median_of(in)[0], median_of(out)[0], ratio[0], ratio[1], ratio[2]);
      std::fflush(stdout);
    }
  }
  return 0;
}
