// First touch of 2M extents and access after it: the kernel alone, other handlers, daxemu's engines, in one run.
#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "tests/bench/ground.hpp"

namespace daxemu::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Make = std::function<std::unique_ptr<Ground>()>;

enum class Order { sequential, random, two_threads };

std::vector<std::uint64_t> order_of(Order order) {
  std::vector<std::uint64_t> extents(kExtents);
  std::iota(extents.begin(), extents.end(), 0);
  if (order == Order::random) {
    std::shuffle(extents.begin(), extents.end(), std::mt19937(1));
  }
  return extents;
}

// Nanoseconds of each touch.
void touch(char* base, const std::uint64_t* extents, std::size_t count, double* took) {
  for (std::size_t at = 0; at < count; ++at) {
    const auto begin = Clock::now();
    *static_cast<volatile char*>(base + extents[at] * kExtent) = 1;
    took[at] = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  }
}

double quantile(std::vector<double>& samples, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + at, samples.end());
  return samples[static_cast<std::size_t>(at)];
}

void first_touch(benchmark::State& state, const Make& make, bool fresh, Order order) {
  const auto ground = make();
  const auto extents = order_of(order);
  std::vector<double> all;
  std::vector<double> took(kExtents);
  if (!fresh) { // every page is in the page cache, none in the mapping to be measured
    char* base = ground->map();
    if (base != nullptr) {
      touch(base, extents.data(), kExtents, took.data());
      ground->unmap(base);
    }
  }
  for ([[maybe_unused]] auto _ : state) {
    if (fresh) {
      ground->freshen();
    }
    char* base = ground->map();
    if (base == nullptr) {
      state.SkipWithError(ground->problem.empty() ? "cannot be mapped here" : ground->problem.c_str());
      break;
    }
    const auto begin = Clock::now();
    if (order == Order::two_threads) {
      std::thread other([&] { touch(base, extents.data() + kExtents / 2, kExtents / 2, took.data() + kExtents / 2); });
      touch(base, extents.data(), kExtents / 2, took.data());
      other.join();
    } else {
      touch(base, extents.data(), kExtents, took.data());
    }
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count() / kExtents);
    ground->unmap(base);
    all.insert(all.end(), took.begin(), took.end());
  }
  if (!all.empty()) {
    state.counters["p50_ns"] = quantile(all, 0.50);
    state.counters["p99_ns"] = quantile(all, 0.99);
  }
}

// All extents present: nothing of daxemu is left in the way of a load.
void access_after(benchmark::State& state, const Make& make, bool random) {
  const auto ground = make();
  char* base = ground->map();
  if (base == nullptr) {
    state.SkipWithError(ground->problem.empty() ? "cannot be mapped here" : ground->problem.c_str());
    return;
  }
  for (std::uint64_t at = 0; at < kBytes; at += 4096) {
    base[at] = 1;
  }
  constexpr std::uint64_t kLoads = 1U << 20;
  std::uint64_t where = 1;
  std::uint64_t sum = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto begin = Clock::now();
    for (std::uint64_t load = 0; load < kLoads; ++load) {
      where = random ? where * 6364136223846793005ULL + 1442695040888963407ULL : where + 8;
      sum += *reinterpret_cast<const volatile std::uint64_t*>(base + ((where >> (random ? 20U : 0U)) % kBytes & ~7ULL));
    }
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count() / kLoads);
  }
  benchmark::DoNotOptimize(sum);
  ground->unmap(base);
}

struct Contender {
  const char* name;
  Make make;
};

void add_all() {
  for (const Memory memory : {Memory::hugetlb, Memory::shmem}) {
    const std::string on = memory == Memory::hugetlb ? "hugetlb" : "shmem";
    const Contender contenders[] = {{"native", [=] { return native(memory); }},
                                    {"minimal_loop", [=] { return minimal_loop(memory); }},
                                    {"copying_pager", [] { return copying_pager(); }},
                                    {"handler", [=] { return emulated(memory, "handler"); }},
                                    {"inline", [=] { return emulated(memory, "inline"); }},
                                    {"populate", [=] { return emulated(memory, "populate"); }}};
    constexpr std::pair<const char*, Order> kOrders[] = {
        {"sequential", Order::sequential}, {"random", Order::random}, {"two_threads", Order::two_threads}};
    for (const Contender& who : contenders) {
      for (const bool fresh : {true, false}) {
        for (const auto& [order_name, order] : kOrders) {
          const std::string name = "touch/" + on + (fresh ? "/fresh/" : "/present/") + order_name + "/" + who.name;
          benchmark::RegisterBenchmark(name.c_str(), first_touch, who.make, fresh, order)
              ->UseManualTime()
              ->Iterations(8)
              ->Unit(benchmark::kMicrosecond);
        }
      }
      if (who.name == std::string("native") || who.name == std::string("handler")) {
        for (const bool random : {false, true}) {
          const std::string name = "access/" + on + (random ? "/random/" : "/sequential/") + who.name;
          benchmark::RegisterBenchmark(name.c_str(), access_after, who.make, random)
              ->UseManualTime()
              ->Iterations(8)
              ->Unit(benchmark::kNanosecond);
        }
      }
    }
  }
}

} // namespace
} // namespace daxemu::bench

int main(int argc, char** argv) {
  daxemu::bench::add_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
