// What a device of 1 TiB costs before anybody touches it: time to make it, memory of it, beside what the kernel would
// spend on its struct pages. Counters: rss (bytes this process grew by while the platform existed), file (bytes of
// memory in the platform's own files), extent (bytes per extent once all are touched), kernel_plain and kernel_dedup.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "emu/base/units.hpp"
#include "emu/mm/vmemmap.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"

namespace {

using namespace daxemu;

// Resident bytes of this process: anonymous, file and shared memory.
std::uint64_t resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) {
      return std::strtoull(line.c_str() + 6, nullptr, 10) << 10U;
    }
  }
  return 0;
}

std::uint64_t blocks_of(int fd) {
  const auto st = sys::fstat(fd);
  return st ? static_cast<std::uint64_t>(st->st_blocks) * 512 : 0;
}

void metadata(benchmark::State& state) {
  const std::uint64_t size = static_cast<std::uint64_t>(state.range(0)) << 30U;
  cli::PlatformOptions options;
  options.size = size;
  options.align = static_cast<std::uint64_t>(state.range(1));
  options.backing = store::BackingKind::shmem;
  std::uint64_t rss = 0;
  std::uint64_t files = 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    ::malloc_trim(0);
    const std::uint64_t before = resident();
    state.ResumeTiming();
    backing::MemfdSource source;
    const auto platform = cli::build_platform(options, "bench", source);
    state.PauseTiming();
    if (!platform) {
      state.SkipWithError(platform.error().what.c_str());
      break;
    }
    const std::uint64_t after = resident();
    rss = std::max(rss, after > before ? after - before : 0);
    files = blocks_of(platform->store.fd());
    for (const UniqueFd& fd : platform->held) {
      files += blocks_of(fd.get());
    }
    state.ResumeTiming();
  }
  const auto cost = mm::vmemmap_cost(size, log2_of(options.align) - unsigned{kPageShift});
  state.counters["rss"] = static_cast<double>(rss);
  state.counters["files"] = static_cast<double>(files);
  state.counters["resident_MiB"] = static_cast<double>(std::max(rss, files)) / (1 << 20);
  state.counters["bytes_per_extent"] =
      static_cast<double>(cost->daxemu_most -
                          mm::vmemmap_cost(options.align, log2_of(options.align) - unsigned{kPageShift})->daxemu_most) /
      static_cast<double>(size / options.align - 1);
  state.counters["kernel_plain_GiB"] = static_cast<double>(cost->plain) / (1 << 30);
  state.counters["kernel_dedup_GiB"] = static_cast<double>(cost->dedup) / (1 << 30);
}

BENCHMARK(metadata)
    ->Args({1024, 2 << 20})
    ->Args({1024, 1 << 30})
    ->Args({64, 4096})
    ->ArgNames({"GiB", "align"})
    ->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
