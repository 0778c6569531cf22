// Pins and unpins 16 GiB of 2M extents as the kernel's gup_test does (-m 16384 -w, 512 pages a call), with an array of
// pages and by runs of pages, beside a plain loop that fills the same array: the least that any such call must do.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <benchmark/benchmark.h>
#include <daxemu/device.h>
#include <daxemu/gup.h>
#include <daxemu/sg.h>

namespace {

constexpr std::uint64_t kSize = 16ULL << 30;
constexpr unsigned long kPages = kSize >> 12;
constexpr int kBatch = 512;
constexpr std::uint64_t kExtent = 2ULL << 20;
constexpr unsigned kFlags = DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM;

// A device that nobody has touched but for its page tables: pins move no data.
struct Device {
  Device() {
    daxemu_device_spec spec{};
    spec.struct_size = sizeof(spec);
    spec.size = kSize;
    spec.align = kExtent;
    spec.backing = "shmem";
    spec.mode = "emulate";
    daxemu_platform* platform = nullptr;
    daxemu_device* device = nullptr;
    void* mapped = nullptr;
    if (daxemu_platform_create("bench", &platform) != 0 || daxemu_device_open(platform, &spec, &device) != 0 ||
        daxemu_mmap(device, kSize, 3, 0, &mapped) != 0) {
      std::fprintf(stderr, "%s\n", daxemu_last_error());
      std::exit(1);
    }
    start = reinterpret_cast<unsigned long>(mapped);
    for (std::uint64_t at = 0; at < kSize; at += kExtent) {
      daxemu_touch(static_cast<char*>(mapped) + at, true);
    }
    pages.assign(kPages, nullptr);
  }
  unsigned long start = 0;
  std::vector<daxemu_page*> pages; // as gup_test's: all of it is filled, and read again by unpin
};
Device& device() {
  static Device made;
  return made;
}

// The part of thread `index` of `threads`.
struct Part {
  explicit Part(const benchmark::State& state)
      : first(kPages / static_cast<unsigned long>(state.threads()) * static_cast<unsigned long>(state.thread_index())),
        end(first + kPages / static_cast<unsigned long>(state.threads())) {}
  unsigned long first;
  unsigned long end;
};

void stop(benchmark::State& state) {
  state.SkipWithError("a call took fewer pages than asked for");
}

bool pin(const Part& part) {
  Device& on = device();
  for (unsigned long at = part.first; at < part.end; at += kBatch) {
    if (daxemu_pin_user_pages_fast(on.start + (at << 12), kBatch, kFlags, on.pages.data() + at) != kBatch) {
      return false;
    }
  }
  return true;
}
void unpin(const Part& part) {
  Device& on = device();
  for (unsigned long at = part.first; at < part.end; at += kBatch) {
    daxemu_unpin_user_pages(on.pages.data() + at, kBatch);
  }
}

void fill_array(benchmark::State& state) {
  const Part part(state);
  daxemu_page** const pages = device().pages.data();
  for ([[maybe_unused]] auto _ : state) {
    for (unsigned long batch = part.first; batch < part.end; batch += kBatch) {
      daxemu_page* const first = daxemu_pfn_to_page((5UL << 18) + batch);
      for (unsigned long at = 0; at < kBatch; ++at) {
        pages[batch + at] = first + at;
      }
      benchmark::ClobberMemory();
    }
  }
}

void pin_array(benchmark::State& state) {
  const Part part(state);
  (void)device();
  for ([[maybe_unused]] auto _ : state) {
    if (!pin(part)) {
      return stop(state);
    }
    state.PauseTiming();
    unpin(part);
    state.ResumeTiming();
  }
}

void unpin_array(benchmark::State& state) {
  const Part part(state);
  (void)device();
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    if (!pin(part)) {
      return stop(state);
    }
    state.ResumeTiming();
    unpin(part);
  }
}

long pin_runs(const Part& part, std::vector<daxemu_page_range>& ranges) {
  return daxemu_pin_user_folios(device().start + (part.first << 12), part.end - part.first, kFlags, ranges.data(),
                                ranges.size());
}
void unpin_runs(const std::vector<daxemu_page_range>& ranges, long count) {
  daxemu_unpin_user_folios(ranges.data(), static_cast<std::size_t>(std::max(count, 0L)), false);
}

// Time per extent: the whole range in one call.
void pin_folios(benchmark::State& state) {
  const Part part(state);
  std::vector<daxemu_page_range> ranges(64);
  for ([[maybe_unused]] auto _ : state) {
    const long count = pin_runs(part, ranges);
    state.PauseTiming();
    unpin_runs(ranges, count);
    state.ResumeTiming();
  }
  state.counters["per_extent_ns"] =
      benchmark::Counter(static_cast<double>(kPages / kBatch) / 1e9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
void unpin_folios(benchmark::State& state) {
  const Part part(state);
  std::vector<daxemu_page_range> ranges(64);
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    const long count = pin_runs(part, ranges);
    state.ResumeTiming();
    unpin_runs(ranges, count);
  }
  state.counters["per_extent_ns"] =
      benchmark::Counter(static_cast<double>(kPages / kBatch) / 1e9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// The same by a scatter list, in segments of 2M, as a driver fills one: no array at all. Time per extent.
void pin_scatter_list(benchmark::State& state) {
  const Part part(state);
  std::vector<daxemu_scatterlist> entries(kPages / kBatch);
  for ([[maybe_unused]] auto _ : state) {
    daxemu_iov_iter iter{device().start + (part.first << 12), (part.end - part.first) << 12};
    daxemu_sg_table table{entries.data(), 0, static_cast<unsigned>(entries.size())};
    const bool all = daxemu_extract_iter_to_sg(&iter, iter.count, &table, kExtent, kFlags) > 0 && iter.count == 0;
    state.PauseTiming();
    daxemu_unpin_sg(&table, false);
    state.ResumeTiming();
    if (!all) {
      return stop(state);
    }
  }
  state.counters["per_extent_ns"] =
      benchmark::Counter(static_cast<double>(kPages / kBatch) / 1e9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Pins and unpins without a pause between them, so that threads overlap: each its own half.
void pin_and_unpin(benchmark::State& state) {
  const Part part(state);
  (void)device();
  for ([[maybe_unused]] auto _ : state) {
    if (!pin(part)) {
      return stop(state);
    }
    unpin(part);
  }
}

BENCHMARK(fill_array)->Unit(benchmark::kMicrosecond);
BENCHMARK(pin_array)->Unit(benchmark::kMicrosecond);
BENCHMARK(unpin_array)->Unit(benchmark::kMicrosecond);
BENCHMARK(pin_folios)->Unit(benchmark::kMicrosecond);
BENCHMARK(unpin_folios)->Unit(benchmark::kMicrosecond);
BENCHMARK(pin_scatter_list)->Unit(benchmark::kMicrosecond);
BENCHMARK(pin_and_unpin)->Threads(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMicrosecond);

} // namespace

BENCHMARK_MAIN();
