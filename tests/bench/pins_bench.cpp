// Pins and unpins 16 GiB of 2M extents as the kernel's gup_test does (-m 16384 -w, 512 pages a call), with an array of
// pages and by runs of pages, beside a plain loop that fills the same array, in turns: the least that any such call
// must do.
//   daxemu-bench-pins [--pairs N] [--out FILE] [--only TEXT]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <daxemu/device.h>
#include <daxemu/gup.h>
#include <daxemu/sg.h>

#include "tests/bench/frame/pairs.hpp"

namespace {

using daxemu::bench::Pairs;
using daxemu::bench::Turn;
using Clock = std::chrono::steady_clock;

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
  Part(unsigned long index, unsigned long threads) : first(kPages / threads * index), end(first + kPages / threads) {}
  unsigned long first;
  unsigned long end;
};

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

constexpr const char* kFewer = "a call took fewer pages than asked for";
const Part kAll(0, 1);

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

Turn fill_array() {
  daxemu_page** const pages = device().pages.data();
  const auto begin = Clock::now();
  for (unsigned long batch = 0; batch < kPages; batch += kBatch) {
    daxemu_page* const first = daxemu_pfn_to_page((5UL << 18) + batch);
    for (unsigned long at = 0; at < kBatch; ++at) {
      pages[batch + at] = first + at;
    }
    std::atomic_signal_fence(std::memory_order_seq_cst); // all of it is written, batch by batch
  }
  return {us_since(begin), {}, ""};
}

// Microseconds of one of the two; the other one is made, too.
Turn array(bool of_pin) {
  (void)device();
  const auto begin = Clock::now();
  const bool fine = pin(kAll);
  const double pinned = us_since(begin);
  const auto between = Clock::now();
  unpin(kAll);
  return fine ? Turn{of_pin ? pinned : us_since(between), {}, ""} : Turn{0, {}, kFewer};
}

// The whole range in one call.
Turn folios(bool of_pin) {
  std::vector<daxemu_page_range> ranges(64);
  const unsigned long start = device().start;
  const auto begin = Clock::now();
  const long count = daxemu_pin_user_folios(start, kPages, kFlags, ranges.data(), ranges.size());
  const double pinned = us_since(begin);
  const auto between = Clock::now();
  daxemu_unpin_user_folios(ranges.data(), static_cast<std::size_t>(std::max(count, 0L)), false);
  const double took = of_pin ? pinned : us_since(between);
  return count > 0 ? Turn{took, {{"per_extent_ns", took * 1e3 / (kPages / kBatch)}}, ""} : Turn{0, {}, kFewer};
}

// By a scatter list in segments of an extent, as a driver fills one: no array at all.
Turn scatter_list() {
  std::vector<daxemu_scatterlist> entries(kPages / kBatch);
  daxemu_iov_iter iter{device().start, kSize};
  daxemu_sg_table table{entries.data(), 0, static_cast<unsigned>(entries.size())};
  const auto begin = Clock::now();
  const bool fine = daxemu_extract_iter_to_sg(&iter, iter.count, &table, kExtent, kFlags) > 0 && iter.count == 0;
  const double took = us_since(begin);
  daxemu_unpin_sg(&table, false);
  return fine ? Turn{took, {{"per_extent_ns", took * 1e3 / (kPages / kBatch)}}, ""} : Turn{0, {}, kFewer};
}

// Pins and unpins without a pause between them, so that threads overlap: each its own part. Microseconds of all of it.
Turn pin_and_unpin(unsigned long threads) {
  constexpr int kTimes = 4;
  (void)device();
  std::atomic<bool> fine{true};
  std::atomic<unsigned long> waiting{threads};
  const auto work = [&](unsigned long index) {
    const Part part(index, threads);
    waiting.fetch_sub(1);
    while (waiting.load() != 0) { // all of them begin at once
    }
    for (int time = 0; time < kTimes; ++time) {
      fine = pin(part) && fine;
      unpin(part);
    }
  };
  std::vector<std::thread> others;
  for (unsigned long index = 1; index < threads; ++index) {
    others.emplace_back(work, index);
  }
  while (waiting.load() != 1) {
  }
  const auto begin = Clock::now();
  work(0);
  for (std::thread& other : others) {
    other.join();
  }
  return fine ? Turn{us_since(begin) / kTimes, {}, ""} : Turn{0, {}, kFewer};
}

} // namespace

int main(int argc, char** argv) {
  constexpr int kTimes = 2; // so many times the pairs that were asked for
  Pairs pairs(argc, argv);
  pairs.add({"us",
             {{"fill_array", fill_array},
              {"pin_array", [] { return array(true); }},
              {"unpin_array", [] { return array(false); }}},
             kTimes});
  pairs.add({"us",
             {{"pin_folios", [] { return folios(true); }},
              {"unpin_folios", [] { return folios(false); }},
              {"pin_scatter_list", scatter_list}},
             kTimes});
  pairs.add({"us",
             {{"pin_and_unpin/threads:1", [] { return pin_and_unpin(1); }},
              {"pin_and_unpin/threads:2", [] { return pin_and_unpin(2); }}},
             kTimes});
  return pairs.run();
}
