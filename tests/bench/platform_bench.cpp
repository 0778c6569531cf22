// Making and ending platforms and mappings, as they grow. Sparse memory: only what daxemu itself spends is spent.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "runtime/cli/platforms/platform_builder.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace {

using namespace daxemu;

cli::BuiltPlatform platform_of(std::uint64_t size, backing::FileSource& files) {
  cli::PlatformOptions options;
  options.size = size;
  options.backing = store::BackingKind::shmem;
  options.engine = store::EngineKind::handler;
  return std::move(*cli::build_platform(options, "bench", files));
}

void create_platform(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    backing::MemfdSource files;
    const auto platform = platform_of(static_cast<std::uint64_t>(state.range(0)) << 30U, files);
    benchmark::DoNotOptimize(platform.store.fd());
  }
}

void map_device(benchmark::State& state) {
  const std::uint64_t size = static_cast<std::uint64_t>(state.range(0)) << 30U;
  static backing::MemfdSource files;
  auto* platform = new cli::BuiltPlatform(platform_of(size, files)); // kept: the space's threads use it to the end
  auto* space = new fault::AddressSpace(platform->store);
  auto& device = *platform->store.device_named("dax0.0");
  for ([[maybe_unused]] auto _ : state) {
    auto base = space->map(device, platform->held.front().get(), nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    if (!base) {
      state.SkipWithError("cannot be mapped");
      break;
    }
    (void)space->unmap(*base, size);
  }
}

BENCHMARK(create_platform)->Arg(1)->Arg(64)->Arg(1024)->Arg(4096)->Unit(benchmark::kMillisecond);
BENCHMARK(map_device)->Arg(1)->Arg(64)->Arg(1024)->Unit(benchmark::kMicrosecond);

} // namespace

BENCHMARK_MAIN();
