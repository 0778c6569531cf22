// One process's mappings and first touches beside 0 to 255 others that have the same device mapped, each with extents
// that it has touched; and as many processes that do all of it at once.
#include <memory>
#include <numeric>
#include <random>
#include <thread>

#include "tests/bench/frame/forked.hpp"
#include "tests/bench/growth/growth.hpp"
#include "tests/bench/quick.hpp"

namespace daxemu::bench {
namespace {

constexpr std::size_t kCounts[] = {1, 4, 16, 64, 256};
constexpr std::uint64_t kTouched = 16; // extents of each process
constexpr std::uint64_t kMost = 256;
constexpr int kMaps = 50; // in a turn
constexpr int kTouches = 120;
constexpr auto kSettled = std::chrono::milliseconds(10); // those that came have nothing to do, those that went are gone

enum Work : std::size_t { kMap, kTouch };

struct Process {
  cli::BuiltPlatform& platform;
  std::uint64_t offset; // of its own extents
  fault::AddressSpace& space = *new fault::AddressSpace(platform.store);

  [[nodiscard]] volatile char* map() {
    auto base = space.map(*platform.store.device_named("dax0.0"), platform.held.front().get(), nullptr,
                          kTouched * kExtent, kRw, MAP_SHARED, offset);
    return base ? static_cast<volatile char*>(*base) : nullptr;
  }
  void unmap(volatile char* base) { (void)space.unmap(const_cast<char*>(base), kTouched * kExtent); }
  double touch_all(volatile char* base) const {
    std::vector<std::uint64_t> order(kTouched);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    const auto begin = std::chrono::steady_clock::now();
    for (const std::uint64_t extent : order) {
      base[extent * kExtent] = 1;
    }
    return us_since(begin);
  }
  // Microseconds of a mapping and its end, or of a first touch of pages that are there.
  double turn(std::size_t work) {
    double touches = 0;
    const int times = work == kMap ? kMaps : kTouches;
    const auto begin = std::chrono::steady_clock::now();
    for (int at = 0; at < times; ++at) {
      volatile char* const base = map();
      if (base == nullptr) {
        return -1;
      }
      touches += work == kTouch ? touch_all(base) : 0;
      unmap(base);
    }
    return (work == kMap ? us_since(begin) : touches / kTouched) / times;
  }
};

auto measurer(cli::BuiltPlatform& platform) {
  return [&platform] {
    auto* const one = new Process{platform, 0};
    return [one](std::size_t work) { return one->turn(work); };
  };
}

// Maps its extents, touches them, says so, and is there.
auto holder(cli::BuiltPlatform& platform, std::size_t number) {
  return [&platform, number] {
    auto* const one = new Process{platform, number * kTouched * kExtent};
    volatile char* const base = one->map();
    if (base != nullptr) {
      (void)one->touch_all(base);
    }
    return [base](std::size_t) { return base == nullptr ? -1.0 : 0.0; };
  };
}

struct Crowd {
  cli::BuiltPlatform& platform = kept_platform(kMost * kTouched * kExtent);
  std::vector<std::unique_ptr<Forked>> others = {};
  std::unique_ptr<Forked> one = nullptr;

  [[nodiscard]] bool become(std::size_t count) {
    if (one == nullptr) {
      one = std::make_unique<Forked>(measurer(platform));
    }
    while (others.size() + 1 > count) {
      others.pop_back();
    }
    while (others.size() + 1 < count) {
      others.push_back(std::make_unique<Forked>(holder(platform, others.size() + 1)));
      if (others.back()->turn(0) < 0) {
        return false;
      }
    }
    std::this_thread::sleep_for(kSettled);
    return true;
  }
};

// N processes come, map the device, touch their extents and go. Microseconds of all, divided by N.
double at_once(cli::BuiltPlatform& platform, std::size_t count) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t number = 0; number < count; ++number) {
    if (::fork() == 0) {
      Process one{platform, number * kTouched * kExtent};
      volatile char* const base = one.map();
      if (base != nullptr) {
        (void)one.touch_all(base);
      }
      ::_exit(base != nullptr ? 0 : 1);
    }
  }
  bool fine = true;
  for (std::size_t number = 0; number < count; ++number) {
    int status = 0;
    fine = ::wait(&status) > 0 && status == 0 && fine;
  }
  return fine ? us_since(begin) / static_cast<double>(count) : -1;
}

} // namespace

void add_processes(Pairs& pairs) {
  const auto crowd = std::make_shared<std::unique_ptr<Crowd>>();
  const auto ready = [crowd] { *crowd = std::make_unique<Crowd>(); };
  const auto done = [crowd] { crowd->reset(); };
  const std::string why = "a process cannot map the device";
  Pairs::Group beside{"us", {}, 3, ready, done}; // where the scheduler puts whom decides much, and stays for a turn
  Pairs::Group together{"us", {}, 1, ready, done};
  for (const std::size_t count : kCounts) {
    if (quick() && count > 16) {
      continue;
    }
    const std::string number = std::to_string(count);
    for (const auto& [name, work] : {std::pair{"map", kMap}, std::pair{"touch", kTouch}}) {
      const std::size_t what = work;
      beside.contenders.push_back({std::string("growth/processes_") + name + "/" + number, [=] {
                                     const bool fine = (*crowd)->become(count);
                                     return turn_of(fine ? (*crowd)->one->turn(what) : -1, why);
                                   }});
    }
    together.contenders.push_back(
        {"growth/processes_at_once/" + number, [=] { return turn_of(at_once((*crowd)->platform, count), why); }});
  }
  pairs.add(std::move(beside));
  pairs.add(std::move(together));
}

} // namespace daxemu::bench
