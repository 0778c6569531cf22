// First touch of 2M extents and access after it: the kernel alone, other handlers, daxemu's engines, in one run.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "tests/bench/ground.hpp"
#include "tests/bench/quick.hpp"

namespace daxemu::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Make = std::function<std::unique_ptr<Ground>(const Shape&)>;

constexpr std::uint64_t kSmallExtent = 2ULL << 20;

enum class Order { sequential, random, two_threads };

std::vector<std::uint64_t> order_of(Order order, std::uint64_t count) {
  std::vector<std::uint64_t> extents(count);
  std::iota(extents.begin(), extents.end(), 0);
  if (order == Order::random) {
    std::shuffle(extents.begin(), extents.end(), std::mt19937(1));
  }
  return extents;
}

// Nanoseconds of each touch.
void touch(char* base, std::uint64_t extent, const std::uint64_t* extents, std::size_t count, double* took) {
  for (std::size_t at = 0; at < count; ++at) {
    const auto begin = Clock::now();
    *static_cast<volatile char*>(base + extents[at] * extent) = 1;
    took[at] = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  }
}

double quantile(std::vector<double>& samples, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + at, samples.end());
  return samples[static_cast<std::size_t>(at)];
}

void first_touch(benchmark::State& state, const Make& make, const Shape& shape, bool fresh, Order order) {
  const auto ground = make(shape);
  const auto extents = order_of(order, shape.extents);
  std::vector<double> all;
  std::vector<double> took(shape.extents);
  if (!fresh) { // every page is in the page cache, none in the mapping to be measured
    char* base = ground->map();
    if (base != nullptr) {
      touch(base, shape.extent, extents.data(), shape.extents, took.data());
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
      std::thread other([&] {
        touch(base, shape.extent, extents.data() + shape.extents / 2, shape.extents / 2,
              took.data() + shape.extents / 2);
      });
      touch(base, shape.extent, extents.data(), shape.extents / 2, took.data());
      other.join();
    } else {
      touch(base, shape.extent, extents.data(), shape.extents, took.data());
    }
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count() /
                           static_cast<double>(shape.extents));
    ground->unmap(base);
    all.insert(all.end(), took.begin(), took.end());
  }
  if (!all.empty()) {
    state.counters["p50_ns"] = quantile(all, 0.50);
    state.counters["p99_ns"] = quantile(all, 0.99);
  }
}

// All extents present: nothing of daxemu is left in the way of a load. On the same pages, because where a page lies
// makes more of a difference than who mapped it.
void access_after(benchmark::State& state, const Shape& shape, bool random, bool native) {
  const auto ground = same_pages(shape, native);
  char* base = ground->map();
  if (base == nullptr) {
    state.SkipWithError(ground->problem.empty() ? "cannot be mapped here" : ground->problem.c_str());
    return;
  }
  for (std::uint64_t at = 0; at < shape.bytes(); at += 4096) {
    base[at] = 1;
  }
  constexpr std::uint64_t kLoads = 1U << 20;
  std::uint64_t where = 1;
  std::uint64_t sum = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto begin = Clock::now();
    for (std::uint64_t load = 0; load < kLoads; ++load) {
      where = random ? where * 6364136223846793005ULL + 1442695040888963407ULL : where + 8;
      sum += *reinterpret_cast<const volatile std::uint64_t*>(base +
                                                              ((where >> (random ? 20U : 0U)) % shape.bytes() & ~7ULL));
    }
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count() / kLoads);
  }
  benchmark::DoNotOptimize(sum);
  ground->unmap(base);
}

struct Contender {
  const char* name;
  std::function<std::unique_ptr<Ground>(const Shape&)> make;
};

const Contender kContenders[] = {
    {"native", [](const Shape& shape) { return native(shape); }},
    {"minimal_loop", [](const Shape& shape) { return minimal_loop(shape); }},
    {"bare_sigbus", [](const Shape& shape) { return bare_sigbus(shape); }},
    {"copying_pager", [](const Shape& shape) { return copying_pager(shape); }},
    {"handler", [](const Shape& shape) { return emulated(shape, "handler"); }},
    {"inline", [](const Shape& shape) { return emulated(shape, "inline"); }},
    {"inline_exact", [](const Shape& shape) { return emulated(shape, "inline_exact"); }},
    {"populate", [](const Shape& shape) { return emulated(shape, "populate"); }},
};

void add(const std::string& name, const std::function<void(benchmark::State&)>& run, benchmark::TimeUnit unit) {
  benchmark::RegisterBenchmark(name.c_str(), run)->UseManualTime()->Iterations(quick() ? 1 : 8)->Unit(unit);
}

void add_touches(const std::string& on, const Shape& shape) {
  constexpr std::pair<const char*, Order> kOrders[] = {
      {"sequential", Order::sequential}, {"random", Order::random}, {"two_threads", Order::two_threads}};
  for (const Contender& who : kContenders) {
    if (shape.extent > kSmallExtent && who.name == std::string("copying_pager")) {
      continue; // copies gigabytes
    }
    const bool exact = who.name == std::string("inline_exact");
    for (const bool fresh : {true, false}) {
      for (const auto& [order_name, order] : kOrders) {
        if (exact && (fresh || order != Order::random)) {
          continue; // it is there for the price of one fault
        }
        const Order how = order;
        add(
            "touch/" + on + (fresh ? "/fresh/" : "/present/") + order_name + "/" + who.name,
            [&who, shape, fresh, how](benchmark::State& state) { first_touch(state, who.make, shape, fresh, how); },
            benchmark::kMicrosecond);
      }
    }
  }
}

// As large as the issue wants it (4 GiB) if the machine has as many huge pages free; on shmem less, because it takes a
// second to make and is no other.
std::uint64_t access_extents(Memory memory) {
  std::uint64_t pages = 0;
  std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> pages;
  if (const char* limit = std::getenv("DAXEMU_BENCH_ACCESS_EXTENTS"); limit != nullptr) {
    pages = std::strtoull(limit, nullptr, 10);
  }
  const std::uint64_t most = quick() ? 16 : memory == Memory::hugetlb ? 2048 : 256;
  return std::min(most, std::bit_floor(std::max<std::uint64_t>(pages / 2, 1))); // the devices of touches keep theirs
}

void add_all() {
  for (const Memory memory : {Memory::hugetlb, Memory::shmem}) {
    const std::string on = memory == Memory::hugetlb ? "hugetlb" : "shmem";
    add_touches(on, {memory, kSmallExtent, 64});
    const Shape shape{memory, kSmallExtent, access_extents(memory)};
    for (const bool random : {false, true}) {
      for (const bool native : {true, false}) {
        add(
            "access/" + on + (random ? "/random/" : "/sequential/") + (native ? "native" : "handler"),
            [shape, random, native](benchmark::State& state) { access_after(state, shape, random, native); },
            benchmark::kNanosecond);
      }
    }
  }
  add_touches("shmem_1G", {Memory::shmem, 1ULL << 30, 16}); // a pool of 1G pages is had at boot only
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
