// First touch of extents and access after it: the kernel alone, other handlers, daxemu's engines, in turns.
//   daxemu-bench-touch [--pairs N] [--out FILE] [--only TEXT]
#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <latch>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "tests/bench/frame/pairs.hpp"
#include "tests/bench/frame/statistics.hpp"
#include "tests/bench/grounds/ground.hpp"
#include "tests/bench/quick.hpp"

namespace daxemu::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kSmallExtent = 2ULL << 20;

// In which order, and by how many threads, each its own part.
struct Way {
  const char* name;
  bool random;
  std::size_t threads;
};
constexpr Way kWays[] = {{"sequential", false, 1}, {"random", true, 1}};
constexpr Way kThreads[] = {{"1", true, 1}, {"2", true, 2}, {"4", true, 4}};

std::vector<std::uint64_t> order_of(const Way& way, std::uint64_t count) {
  std::vector<std::uint64_t> extents(count);
  std::iota(extents.begin(), extents.end(), 0);
  if (way.random) {
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

struct Maker {
  const char* name;
  std::function<std::unique_ptr<Ground>(const Shape&)> make;
};

const Maker kMakers[] = {
    {"native", [](const Shape& shape) { return native(shape); }},
    {"minimal_loop", [](const Shape& shape) { return minimal_loop(shape); }},
    {"bare_sigbus", [](const Shape& shape) { return bare_sigbus(shape); }},
    {"copying_pager", [](const Shape& shape) { return copying_pager(shape); }},
    {"handler", [](const Shape& shape) { return emulated(shape, "handler"); }},
    {"inline", [](const Shape& shape) { return emulated(shape, "inline"); }},
    {"inline_exact", [](const Shape& shape) { return emulated(shape, "inline_exact"); }},
    {"populate", [](const Shape& shape) { return emulated(shape, "populate"); }},
};

// What one contender of a group has from its first turn to its last.
class Touching {
public:
  Touching(const Maker& maker, const Shape& shape, bool fresh, const Way& way)
      : maker_(maker), shape_(shape), fresh_(fresh), way_(way) {}

  Turn turn() {
    if (ground_ == nullptr) {
      ground_ = maker_.make(shape_);
      if (const Turn warm = passes(1); !fresh_ && !warm.failed.empty()) { // every page is in the page cache from now on
        return warm;
      }
    }
    return passes(fresh_ ? 1 : kPasses);
  }
  void done() { ground_.reset(); }

private:
  // Present pages are touched within a tenth of a millisecond, and then one wake-up more is half of it.
  static constexpr std::size_t kPasses = 8;

  Turn passes(std::size_t count) {
    std::vector<double> took;
    double all = 0;
    for (std::size_t pass = 0; pass < count; ++pass) {
      if (Turn one = once(took); one.failed.empty()) {
        all += one.time;
      } else {
        return one;
      }
    }
    const double each = all / static_cast<double>(shape_.extents * count);
    return {each, {{"p50_ns", quantile(took, 0.50)}, {"p99_ns", quantile(took, 0.99)}, {"per_s", 1e6 / each}}, ""};
  }
  // Microseconds of all extents; of each of them nanoseconds, behind those in `all_took`.
  Turn once(std::vector<double>& all_took) {
    const auto extents = order_of(way_, shape_.extents);
    std::vector<double> took(shape_.extents);
    if (fresh_) {
      ground_->freshen();
    }
    char* const base = ground_->map();
    if (base == nullptr) {
      return {0, {}, ground_->problem.empty() ? "cannot be mapped here" : ground_->problem};
    }
    const std::size_t part = shape_.extents / way_.threads;
    const auto touch_part = [&](std::size_t at) {
      touch(base, shape_.extent, extents.data() + at * part, part, took.data() + at * part);
      return Clock::now();
    };
    // From when all are there to when the last one is done: to make a thread, and to end it, takes as long as dozens of
    // touches do.
    std::vector<Clock::time_point> ends(way_.threads);
    std::latch there(static_cast<std::ptrdiff_t>(way_.threads));
    std::atomic<bool> go{false};
    std::vector<std::thread> others;
    for (std::size_t at = 1; at < way_.threads; ++at) {
      others.emplace_back([&, at] {
        there.count_down();
        go.wait(false);
        ends[at] = touch_part(at);
      });
    }
    there.arrive_and_wait();
    const auto begin = Clock::now();
    go.store(true);
    go.notify_all();
    ends[0] = touch_part(0);
    for (std::thread& other : others) {
      other.join();
    }
    const auto end = *std::max_element(ends.begin(), ends.end());
    const double all = std::chrono::duration<double, std::micro>(end - begin).count();
    ground_->unmap(base);
    all_took.insert(all_took.end(), took.begin(), took.end());
    return {all, {}, ""};
  }

  const Maker& maker_;
  Shape shape_;
  bool fresh_;
  const Way& way_;
  std::unique_ptr<Ground> ground_;
};

void add_group(Pairs& pairs, std::vector<std::pair<std::string, Touching>> touching, int times) {
  const auto all = std::make_shared<std::vector<std::pair<std::string, Touching>>>(std::move(touching));
  Pairs::Group group{"us", {}, times, {}, [all] {
                       for (auto& [name, one] : *all) {
                         one.done();
                       }
                     }};
  for (std::size_t at = 0; at < all->size(); ++at) {
    group.contenders.push_back({(*all)[at].first, [all, at] { return (*all)[at].second.turn(); }});
  }
  pairs.add(std::move(group));
}

void add_touches(Pairs& pairs, const std::string& on, const Shape& shape) {
  for (const bool fresh : {true, false}) {
    for (const Way& way : kWays) {
      std::vector<std::pair<std::string, Touching>> touching;
      for (const Maker& maker : kMakers) {
        const std::string_view who = maker.name;
        if ((who == "copying_pager" && (shape.extent > kSmallExtent || !fresh)) || // copies all the same
            (who == "inline_exact" && (fresh || !way.random))) { // it is there for the price of one fault
          continue;
        }
        touching.emplace_back("touch/" + on + (fresh ? "/fresh/" : "/present/") + way.name + "/" + maker.name,
                              Touching(maker, shape, fresh, way));
      }
      add_group(pairs, std::move(touching), 1);
    }
  }
}

// 1, 2 and 4 threads that touch at once, beside the kernel alone: of all of them together, first touches in a second.
void add_threads(Pairs& pairs, const std::string& on, const Shape& shape) {
  for (const bool fresh : {true, false}) {
    std::vector<std::pair<std::string, Touching>> touching;
    for (const Way& way : kThreads) {
      for (const Maker& maker : kMakers) {
        if (maker.name == std::string_view("native") || maker.name == std::string_view("handler")) {
          touching.emplace_back("threads/" + on + (fresh ? "/fresh/" : "/present/") + maker.name + "/" + way.name,
                                Touching(maker, shape, fresh, way));
        }
      }
    }
    add_group(pairs, std::move(touching), fresh ? 2 : 6); // those of present pages are short
  }
}

// All extents present: nothing of daxemu is left in the way of a load. On the same pages, because where a page lies
// makes more of a difference than who mapped it; and at the same addresses of them in a round.
class Access {
public:
  Access(const Shape& shape, bool random, bool native) : shape_(shape), random_(random), native_(native) {}
  Turn turn() {
    if (ground_ == nullptr) {
      ground_ = same_pages(shape_, native_);
      base_ = ground_->map();
      for (std::uint64_t at = 0; base_ != nullptr && at < shape_.bytes(); at += 4096) {
        base_[at] = 1;
      }
    }
    if (base_ == nullptr) {
      return {0, {}, ground_->problem.empty() ? "cannot be mapped here" : ground_->problem};
    }
    constexpr std::uint64_t kLoads = 1U << 20;
    std::uint64_t where = ++turns_;
    std::uint64_t sum = 0;
    const auto begin = Clock::now();
    for (std::uint64_t load = 0; load < kLoads; ++load) {
      where = random_ ? where * 6364136223846793005ULL + 1442695040888963407ULL : where + 8;
      sum += *reinterpret_cast<const volatile std::uint64_t*>(
          base_ + ((where >> (random_ ? 20U : 0U)) % shape_.bytes() & ~7ULL));
    }
    const double each = std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / kLoads;
    return {each, {{"sum", static_cast<double>(sum & 1)}}, ""};
  }
  void done() {
    if (base_ != nullptr) {
      ground_->unmap(base_);
    }
    ground_.reset();
  }

private:
  Shape shape_;
  bool random_;
  bool native_;
  std::unique_ptr<Ground> ground_;
  char* base_ = nullptr;
  std::uint64_t turns_ = 0;
};

void add_access(Pairs& pairs, const std::string& on, const Shape& shape) {
  for (const bool random : {false, true}) {
    const auto plain = std::make_shared<Access>(shape, random, true);
    const auto ours = std::make_shared<Access>(shape, random, false);
    const std::string name = "access/" + on + (random ? "/random/" : "/sequential/");
    pairs.add(
        {"ns",
         {{name + "native", [plain] { return plain->turn(); }}, {name + "handler", [ours] { return ours->turn(); }}},
         2,
         {},
         [plain, ours] {
           plain->done();
           ours->done();
         }});
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

void add_all(Pairs& pairs) {
  for (const Memory memory : {Memory::hugetlb, Memory::shmem}) {
    const std::string on = memory == Memory::hugetlb ? "hugetlb" : "shmem";
    const Shape small{memory, kSmallExtent, quick() ? 16U : 64U};
    add_touches(pairs, on, small);
    // Long enough that to wake the threads, which they begin with, is little of it.
    add_threads(pairs, on, {memory, kSmallExtent, quick() ? 16U : 512U});
    add_access(pairs, on, {memory, kSmallExtent, access_extents(memory)});
  }
  add_touches(pairs, "shmem_1G", {Memory::shmem, 1ULL << 30, 16}); // a pool of 1G pages is had at boot only
}

} // namespace
} // namespace daxemu::bench

int main(int argc, char** argv) {
  daxemu::bench::Pairs pairs(argc, argv);
  daxemu::bench::add_all(pairs);
  return pairs.run();
}
