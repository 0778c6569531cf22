// How it grows: first touches of a mapping among 1 to 10,000, and of 1 to 64 processes on one device. Sparse memory.
#include <chrono>
#include <vector>

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cli/platforms/platform_builder.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace {

using namespace daxemu;

constexpr std::uint64_t kExtent = 2ULL << 20;
constexpr int kRw = PROT_READ | PROT_WRITE;

// Kept to the end: the threads of the address spaces use it.
cli::BuiltPlatform& platform_of(std::uint64_t size) {
  static backing::MemfdSource files;
  cli::PlatformOptions options;
  options.size = size;
  options.backing = store::BackingKind::shmem;
  options.engine = store::EngineKind::handler;
  return *new cli::BuiltPlatform(std::move(*cli::build_platform(options, "bench", files)));
}

double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// One more mapping of one extent beside N others: map, touch, unmap.
void mappings(benchmark::State& state) {
  const auto others = static_cast<std::uint64_t>(state.range(0));
  static auto& platform = platform_of(20'001 * kExtent);
  static auto& space = *new fault::AddressSpace(platform.store);
  auto& device = *platform.store.device_named("dax0.0");
  const int fd = platform.held.front().get();
  std::vector<void*> held;
  for (std::uint64_t at = 0; at < others; ++at) { // every second extent: no two of them can be one mapping
    auto base = space.map(device, fd, nullptr, kExtent, kRw, MAP_SHARED, 2 * at * kExtent);
    if (!base) {
      state.SkipWithError("cannot be mapped");
      break;
    }
    held.push_back(*base);
  }
  for ([[maybe_unused]] auto _ : state) {
    auto base = space.map(device, fd, nullptr, kExtent, kRw, MAP_SHARED, 20'000 * kExtent);
    if (!base) {
      state.SkipWithError("cannot be mapped");
      break;
    }
    *static_cast<volatile char*>(*base) = 1;
    (void)space.unmap(*base, kExtent);
  }
  for (void* base : held) {
    (void)space.unmap(base, kExtent);
  }
}

// N processes come, map the device, touch 16 extents of their own and go. Time of all, divided by N.
void processes(benchmark::State& state) {
  constexpr std::uint64_t kTouched = 16;
  constexpr std::uint64_t kMost = 64;
  static auto& platform = platform_of(kMost * kTouched * kExtent);
  const auto count = static_cast<std::uint64_t>(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t one = 0; one < count; ++one) {
      if (::fork() == 0) {
        auto& space = *new fault::AddressSpace(platform.store);
        auto base = space.map(*platform.store.device_named("dax0.0"), platform.held.front().get(), nullptr,
                              kTouched * kExtent, kRw, MAP_SHARED, one * kTouched * kExtent);
        for (std::uint64_t at = 0; base && at < kTouched; ++at) {
          static_cast<volatile char*>(*base)[at * kExtent] = 1;
        }
        ::_exit(base ? 0 : 1);
      }
    }
    bool fine = true;
    for (std::uint64_t one = 0; one < count; ++one) {
      int status = 0;
      fine = ::wait(&status) > 0 && status == 0 && fine;
    }
    if (!fine) {
      state.SkipWithError("a process failed");
      break;
    }
    state.SetIterationTime(since(begin) / static_cast<double>(count));
  }
}

BENCHMARK(processes)->RangeMultiplier(4)->Range(1, 64)->UseManualTime()->Iterations(3)->Unit(benchmark::kMicrosecond);
BENCHMARK(mappings)->RangeMultiplier(10)->Range(1, 10'000)->Iterations(200)->Unit(benchmark::kMicrosecond);

} // namespace

BENCHMARK_MAIN();
