// Eight threads map, touch, pin, poison and unbind at random, by the public API and with the processor's own touches,
// while a checker looks at what must always hold. 2 s; DAXEMU_STRESS_SECONDS=60 for the long run.
#include <daxemu/daxemu.hpp>
#include <daxemu/sigbus.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kExtents = 8;
constexpr unsigned kThreads = 8;

std::chrono::milliseconds duration() {
  const char* text = std::getenv("DAXEMU_STRESS_SECONDS");
  return text == nullptr ? 2000ms : std::chrono::milliseconds(1000 * std::strtol(text, nullptr, 10));
}

struct Totals {
  std::uint64_t touches = 0;
  std::uint64_t signals = 0;
  std::uint64_t pins = 0;
  std::uint64_t poisons = 0;
  std::uint64_t lives = 0;
};

// One life of a device, from binding to death.
class Life {
public:
  Life(std::uint64_t align, const char* type) : align_(align) {
    platform_.use();
    ops_.folio_free = [](daxemu_folio* folio, void* self) { ++static_cast<Life*>(self)->at(folio).freed; };
    ops_.mapped = [](daxemu_folio* folio, void* self) { ++static_cast<Life*>(self)->at(folio).mapped; };
    ops_.unmapped = [](daxemu_folio* folio, void* self) { ++static_cast<Life*>(self)->at(folio).unmapped; };
    daxemu::DeviceOptions options;
    options.align = align;
    options.size = align * kExtents < (2U << 20) ? 2U << 20 : align * kExtents;
    options.type = "custom";
    options.behaviours = daxemu_pgmap_preset(type) | std::uint32_t{DAXEMU_PGMAP_FREE_HOOK_ON_IDLE};
    options.mode = "emulate";
    options.backing = "shmem";
    options.ops = &ops_;
    options.private_data = this;
    device_.emplace(platform_, options);
  }

  void live(std::chrono::milliseconds time, unsigned seed, Totals& totals) {
    const auto until = Clock::now() + time;
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, until, seed, thread] { work(until, seed + thread, thread); });
    }
    std::this_thread::sleep_for(time / 2);
    // The other half: no new references, and the old ones go one by one.
    EXPECT_EQ(daxemu_device_unbind(device_->get(), 60'000), 0) << daxemu_last_error();
    dead_ = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(daxemu_bad_releases(), 0U) << "a count would have become negative";
    for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
      const Extent& one = extents_[extent];
      EXPECT_EQ(one.mapped.load(), one.unmapped.load()) << "extent " << extent;
      // Each time the last holder lets go the hook is called, and else only where a grab was taken back at once.
      EXPECT_GE(one.freed.load(), one.idle) << "idle, but the hook was not called: extent " << extent;
      EXPECT_LE(one.freed.load(), one.attempts.load()) << "the hook was called without a reference before";
    }
    EXPECT_EQ(platform_.pins(), "");
    device_->close();
    totals.touches += touches_;
    totals.signals += signals_;
    totals.pins += pins_;
    totals.poisons += poisons_;
    ++totals.lives;
  }

private:
  struct Extent {
    std::atomic<long> mapped{0};
    std::atomic<long> unmapped{0};
    std::atomic<long> freed{0};
    std::atomic<long> attempts{0};
    std::atomic<bool> poisoning{false};
    std::mutex holding; // pins of this extent are taken and released one at a time, so that the shadow count is exact
    long held = 0;
    long idle = 0; // how often the last pin went
  };
  struct Held {
    std::uint64_t extent;
    std::vector<daxemu_page*> pages;
  };
  struct Mapped {
    daxemu::Mapping mapping;
    std::uint64_t first;
    std::uint64_t count;
  };

  Extent& at(const daxemu_folio* folio) { return extents_[(daxemu_folio_pfn(folio) - first_pfn()) / (align_ >> 12)]; }
  [[nodiscard]] unsigned long first_pfn() const { return device_ ? device_->first_pfn() : 0; }

  void work(Clock::time_point until, unsigned seed, unsigned thread) {
    std::mt19937 random(seed);
    std::vector<Mapped> mapped;
    std::vector<Held> held;
    while (Clock::now() < until) {
      switch (random() % 10) {
      case 0:
        map(mapped, random);
        break;
      case 1:
        if (!mapped.empty()) {
          mapped.erase(mapped.begin() + static_cast<std::ptrdiff_t>(random() % mapped.size()));
        }
        break;
      case 2:
        poison(mapped, random);
        break;
      case 3:
      case 4:
        pin(mapped, held, random);
        break;
      case 5:
        release(held);
        break;
      default:
        touch(mapped, random, thread);
        break;
      }
      if (held.size() > 8) {
        release(held);
      }
    }
    while (!held.empty()) {
      release(held);
    }
  }

  void map(std::vector<Mapped>& mapped, std::mt19937& random) {
    if (mapped.size() > 4) {
      return;
    }
    const bool was_dead = dead_;
    const std::uint64_t first = random() % kExtents;
    const std::uint64_t count = 1 + random() % (kExtents - first);
    void* address = nullptr;
    const int done = daxemu_mmap(device_->get(), count * align_, PROT_READ | PROT_WRITE, first * align_, &address);
    EXPECT_FALSE(was_dead && done == 0) << "a dead device was mapped";
    EXPECT_TRUE(done == 0 || done == -ENODEV) << daxemu_last_error();
    if (done == 0) {
      mapped.push_back({daxemu::Mapping(address, count * align_), first, count});
    }
  }

  void touch(const std::vector<Mapped>& mapped, std::mt19937& random, unsigned thread) {
    if (mapped.empty()) {
      return;
    }
    const Mapped& one = mapped[random() % mapped.size()];
    const std::uint64_t extent = random() % one.count;
    unsigned char* at = one.mapping.bytes() + extent * align_ + std::uint64_t{64} * thread;
    const bool was_dead = dead_;
    const bool write = random() % 2 == 0;
    unsigned char was = 0;
    const auto seen = daxemu::signal_of([&] {
      was = *static_cast<volatile unsigned char*>(at);
      if (write) {
        *static_cast<volatile unsigned char*>(at) = static_cast<unsigned char>(thread + 1);
      }
    });
    ++touches_;
    if (seen.signal == 0) {
      EXPECT_FALSE(was_dead) << "a touch after death";
      EXPECT_TRUE(was == 0 || was == thread + 1) << "another thread's byte";
      return;
    }
    ++signals_;
    EXPECT_EQ(seen.signal, SIGBUS);
    if (seen.code == BUS_MCEERR_AR) {
      EXPECT_EQ(seen.address, one.mapping.bytes() + extent * align_);
    }
  }

  void pin(const std::vector<Mapped>& mapped, std::vector<Held>& held, std::mt19937& random) {
    if (mapped.empty()) {
      return;
    }
    const Mapped& one = mapped[random() % mapped.size()];
    const std::uint64_t in = random() % one.count;
    const std::uint64_t pages = align_ >> 12;
    const std::uint64_t first = random() % pages;
    const auto wanted = static_cast<unsigned long>(1 + random() % std::min<std::uint64_t>(pages - first, 32));
    const unsigned long start = one.mapping.address() + in * align_ + (first << 12);
    Held next{one.first + in, std::vector<daxemu_page*>(wanted)};
    Extent& extent = extents_[next.extent];
    const bool was_dead = dead_;
    const std::lock_guard lock(extent.holding);
    ++extent.attempts;
    const unsigned flags = DAXEMU_FOLL_WRITE | (random() % 2 == 0 ? std::uint32_t{DAXEMU_FOLL_LONGTERM} : 0U);
    const long got = random() % 2 == 0
                         ? daxemu_pin_user_pages_fast(start, static_cast<int>(wanted), flags, next.pages.data())
                         : daxemu_pin_user_pages(start, wanted, flags, next.pages.data());
    if (got <= 0) {
      EXPECT_TRUE(got == -EFAULT || got == -EHWPOISON) << got;
      ++extent.attempts; // the fast way and the slow way may each have been taken back
      return;
    }
    EXPECT_FALSE(was_dead) << "pages of a dead device";
    ++extent.attempts;
    next.pages.resize(static_cast<std::size_t>(got));
    auto* folio = daxemu_page_folio(next.pages[0]);
    EXPECT_TRUE(daxemu_folio_maybe_dma_pinned(folio));
    extent.held += got;
    EXPECT_GE(daxemu_folio_ref_count(folio), extent.held) << "held, but not counted";
    ++pins_;
    held.push_back(std::move(next));
  }

  void release(std::vector<Held>& held) {
    if (held.empty()) {
      return;
    }
    const Held last = std::move(held.back());
    held.pop_back();
    Extent& extent = extents_[last.extent];
    const std::lock_guard lock(extent.holding);
    extent.held -= static_cast<long>(last.pages.size());
    extent.idle += extent.held == 0 ? 1 : 0;
    daxemu_unpin_user_pages_dirty_lock(const_cast<daxemu_page**>(last.pages.data()), last.pages.size(), true);
  }

  void poison(const std::vector<Mapped>& mapped, std::mt19937& random) {
    const std::uint64_t extent = random() % kExtents;
    if (extents_[extent].poisoning.exchange(true)) {
      return; // another thread's
    }
    EXPECT_EQ(daxemu_device_poison(device_->get(), extent * align_ + 4095), 0) << daxemu_last_error();
    ++poisons_;
    for (const Mapped& one : mapped) {
      if (extent >= one.first && extent < one.first + one.count) {
        unsigned char* at = one.mapping.bytes() + (extent - one.first) * align_;
        const auto seen = daxemu::signal_of([&] { *static_cast<volatile unsigned char*>(at + 5) = 0; });
        EXPECT_EQ(seen.signal, SIGBUS) << "poison was touched";
        daxemu_page* page = nullptr;
        EXPECT_LT(daxemu_pin_user_pages(reinterpret_cast<unsigned long>(at), 1, DAXEMU_FOLL_WRITE, &page), 0)
            << "poison was pinned";
      }
    }
    // While somebody holds it, healing is EBUSY: ask until it works, others go on meanwhile.
    while (true) {
      const int healed = daxemu_device_heal(device_->get(), extent * align_);
      if (healed == 0) {
        break;
      }
      EXPECT_EQ(healed, -EBUSY) << daxemu_last_error();
      if (random() % 4 == 0) {
        return; // it stays poisoned to the end of this life
      }
      std::this_thread::yield();
    }
    extents_[extent].poisoning = false;
  }

  std::uint64_t align_;
  daxemu::Platform platform_{"stress"};
  daxemu_dev_pagemap_ops ops_{};
  std::array<Extent, kExtents> extents_;
  std::optional<daxemu::Device> device_;
  std::atomic<bool> dead_{false};
  std::atomic<std::uint64_t> touches_{0};
  std::atomic<std::uint64_t> signals_{0};
  std::atomic<std::uint64_t> pins_{0};
  std::atomic<std::uint64_t> poisons_{0};
};

TEST(Stress, ThreadsKeepTheInvariantsOfADevice) {
  const auto until = Clock::now() + duration();
  Totals totals;
  while (Clock::now() < until && !testing::Test::HasFailure()) {
    const bool huge = totals.lives % 2 == 0;
    Life life(huge ? 2U << 20 : 4096, "GENERIC_6_12+wait_for_folios-devmap_entries"); // pinned by both walks
    life.live(250ms, static_cast<unsigned>(totals.lives) * 100, totals);
  }
  EXPECT_GT(totals.pins, 0U);
  EXPECT_GT(totals.touches, 0U);
  std::cout << totals.lives << " lives of a device: " << totals.touches << " touches, " << totals.signals
            << " of them SIGBUS, " << totals.pins << " pins, " << totals.poisons << " failures of memory\n";
}

} // namespace
