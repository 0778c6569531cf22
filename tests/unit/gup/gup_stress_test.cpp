// Eight threads map, touch, pin, move data, poison and unbind at random while a checker looks at the invariants.
// 2 s; DAXEMU_STRESS_SECONDS=60 for the long run.
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "emu/gup/dma.hpp"
#include "emu/gup/gup.hpp"
#include "tests/unit/gup/gup_table_view.hpp"

namespace daxemu::gup {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr unsigned kOrder = 3;
constexpr std::uint64_t kEach = 1ULL << kOrder;
constexpr std::uint64_t kExtents = 32;
constexpr std::uint64_t kPages = kExtents * kEach;
constexpr std::uint64_t kStart = 1ULL << 40;
constexpr std::uint64_t kStride = 1ULL << 30; // between VMAs
constexpr int kVmas = 4;
constexpr int kThreads = 8;

std::chrono::milliseconds duration() {
  const char* text = std::getenv("DAXEMU_STRESS_SECONDS");
  return text == nullptr ? 2000ms : std::chrono::milliseconds(1000 * std::strtol(text, nullptr, 10));
}

// One life of a device, from binding to death.
class Life {
public:
  Life() {
    mm::DevicePages::Spec spec;
    spec.order = kOrder;
    spec.ranges = {{Pfn(pgmap::kFirstPfn), kPages, 0}};
    spec.folios = mm::FolioTable::map(file_.get(), kExtents).value();
    spec.holders = mm::HolderTable::open(mm::second_fd(file_.get()), kExtents).value();
    spec.direct_map = reinterpret_cast<std::byte*>(bytes_.data());
    pages_ = mm::DevicePages::make(std::move(spec)).value();
    pgmap::PagemapOps ops;
    ops.folio_free = [this](const mm::Folio& folio) { ++freed_[folio.extent().value()]; };
    pgmap_ = pgmap::DevPagemap::memremap_pages(
                 map_, {pages_, pgmap::kIdealDax.with(pgmap::Behaviour::free_hook_on_idle), nullptr, ops})
                 .value();
    for (int vma = 0; vma < kVmas; ++vma) {
      view_.add(kStart + vma * kStride, pages_, kPages);
    }
  }

  void live(std::chrono::milliseconds time, unsigned seed) {
    const auto until = Clock::now() + time;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, until, seed, thread] { work(until, seed + static_cast<unsigned>(thread)); });
    }
    std::this_thread::sleep_for(time / 2);
    pgmap_->kill(); // the other half: no new references, the old ones go
    const auto dead = pgmap_->wait_dead(time * 10 + 10s);
    EXPECT_TRUE(dead) << dead.error().what;
    died_ = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
    for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
      EXPECT_EQ(pages_->folios()[ExtentIndex(extent)].counts.load(), 0U) << "extent " << extent;
      EXPECT_LE(freed_[extent].load(), grabs_[extent].load()) << "freed more often than grabbed";
      EXPECT_EQ(freed_[extent].load() > 0, grabs_[extent].load() > 0) << "grabbed, but never freed";
    }
    EXPECT_EQ(pages_->folios().control().refused.load(), 0U) << "an underflow or a saturation";
    EXPECT_TRUE(pages_->holders()->list(pages_->folios())->empty());
    EXPECT_GT(pins_.load(), 0U);
  }
  [[nodiscard]] std::uint64_t pins() const { return pins_; }

private:
  struct Held {
    std::vector<mm::PagePtr> pages;
    std::vector<PageRange> ranges;
    bool pin = false;
  };

  // Folios are page-wise shared: bytes are words that threads may write at once.
  void work(Clock::time_point until, unsigned seed) {
    std::mt19937 random(seed);
    Gup gup(map_);
    std::vector<Held> held;
    while (Clock::now() < until) {
      switch (random() % 8) {
      case 0: {
        TableView::Vma& vma = *view_.vmas[random() % kVmas];
        random() % 2 == 0 ? view_.unmap(vma) : view_.map_again(vma);
        break;
      }
      case 1: {
        const std::shared_lock lock(view_);
        const bool was_dead = died_;
        const auto touched = view_.fault(address(random), true);
        EXPECT_FALSE(was_dead && touched) << "a touch after death";
        break;
      }
      case 2:
        poison(gup, random);
        break;
      case 3:
        transfer(held, random);
        break;
      case 4:
      case 5:
        grab(gup, held, random);
        break;
      default:
        release(gup, held);
        break;
      }
      if (held.size() > 16) {
        release(gup, held);
      }
    }
    while (!held.empty()) {
      release(gup, held);
    }
  }

  [[nodiscard]] static std::uint64_t address(std::mt19937& random) {
    return kStart + random() % kVmas * kStride + random() % kPages * kPageSize;
  }

  void grab(Gup& gup, std::vector<Held>& held, std::mt19937& random) {
    Held next;
    const std::uint64_t start = address(random);
    const std::uint64_t wanted = 1 + random() % (6 * kEach);
    next.pages.resize(wanted);
    next.pin = random() % 4 != 0;
    const bool was_dead = died_;
    Result<std::uint64_t> got;
    if (next.pin && random() % 3 == 0) {
      next.ranges.resize(4);
      const auto pinned =
          gup.pin_user_folios(view_, start, wanted, FOLL_LONGTERM | FOLL_WRITE, next.ranges, {.tid = 1});
      next.ranges.resize(pinned ? pinned->nr_ranges : 0);
      got = pinned ? Result<std::uint64_t>(pinned->nr_pages) : tl::unexpected(pinned.error());
    } else if (next.pin) {
      got = random() % 2 == 0 ? gup.pin_user_pages_fast(view_, start, wanted, FOLL_WRITE, next.pages.data())
                              : gup.pin_user_pages(view_, start, wanted, FOLL_WRITE, next.pages.data());
    } else {
      got = gup.get_user_pages_fast(view_, start, wanted, 0, next.pages.data());
    }
    if (!got) {
      EXPECT_TRUE(got.error() == Errno{EFAULT} || got.error() == Errno{EHWPOISON}) << got.error().value;
      return;
    }
    EXPECT_FALSE(was_dead) << "pages of a dead device";
    next.pages.resize(next.ranges.empty() ? *got : 0);
    ++pins_;
    auto count = [&](mm::PagePtr page) {
      const auto counts = mm::counts_of(mm::page_folio(map_, page)->record());
      ++grabs_[mm::page_folio(map_, page)->extent().value()];
      EXPECT_GE(counts.refs, 1U) << "held, but not counted";
      EXPECT_GE(counts.pins, next.pin ? 1U : 0U);
      EXPECT_LE(counts.refs, 1U << 20);
    };
    for (const mm::PagePtr page : next.pages) {
      count(page);
    }
    for (const PageRange& range : next.ranges) {
      for (std::uint64_t page = 0; page < range.nr_pages; ++page) {
        count(mm::pfn_to_page(mm::page_to_pfn(range.first) + page));
      }
    }
    held.push_back(std::move(next));
  }

  static void release(Gup& gup, std::vector<Held>& held) {
    if (held.empty()) {
      return;
    }
    const Held last = std::move(held.back());
    held.pop_back();
    Result<void> released;
    if (!last.ranges.empty()) {
      released = gup.unpin_user_folios(last.ranges, false);
    } else if (last.pin) {
      released = gup.unpin_user_pages_dirty_lock(last.pages.data(), last.pages.size(), true);
    } else {
      released = gup.put_pages(last.pages.data(), last.pages.size());
    }
    EXPECT_TRUE(released) << released.error().value;
  }

  // What is pinned can be reached, however the mappings changed and even while the device is dying.
  void transfer(const std::vector<Held>& held, std::mt19937& random) {
    for (const Held& one : held) {
      if (!one.pin || one.pages.empty()) {
        continue;
      }
      const std::uint64_t bus = mm::page_to_pfn(one.pages[random() % one.pages.size()]).value() << kPageShift;
      const auto pieces = BusMaster(map_, iommu_).pieces(bus, 64, DmaDirection::from_device);
      EXPECT_TRUE(pieces || pieces.error().code == EIO) << pieces.error().what;
    }
  }

  void poison(Gup& gup, std::mt19937& random) {
    const std::uint64_t extent = random() % kExtents;
    if (poisoning_[extent].exchange(true)) {
      return; // another thread's
    }
    const mm::Folio folio = *mm::folio_of(*pages_, ExtentIndex(extent));
    ASSERT_TRUE(pgmap::memory_failure(*pgmap_, folio.pfn(), reach_));
    mm::PagePtr page = nullptr;
    const auto got = gup.pin_user_pages_fast(view_, kStart + extent * kEach * kPageSize, 1, FOLL_WRITE, &page);
    EXPECT_FALSE(got) << "poisoned, yet pinned";
    if (!pgmap::clear_poison(folio)) { // EBUSY: others still hold it
      folio.record().flags.fetch_and(~mm::kFolioHwpoison);
    }
    poisoning_[extent] = false;
  }

  // Takes the entries away as the runtime's would.
  class Reach final : public pgmap::MappingReach {
  public:
    explicit Reach(TableView& view) : view_(view) {}
    void unmap_and_kill(const mm::Folio& folio, Pfn, unsigned lsb) override {
      EXPECT_EQ(lsb, 12 + kOrder);
      view_.zap(folio);
    }
    void unmap(const mm::Folio& folio) override { view_.zap(folio); }

  private:
    TableView& view_;
  };

  std::vector<std::uint64_t> bytes_ = std::vector<std::uint64_t>(kPages * kPageSize / 8);
  UniqueFd file_ = mm::folio_file(kExtents);
  mm::MemMap map_;
  std::shared_ptr<mm::DevicePages> pages_;
  std::unique_ptr<pgmap::DevPagemap> pgmap_;
  TableView view_;
  Reach reach_{view_};
  Iommu iommu_{Iommu::Mode::identity};
  std::array<std::atomic<std::uint64_t>, kExtents> freed_{};
  std::array<std::atomic<std::uint64_t>, kExtents> grabs_{};
  std::array<std::atomic<bool>, kExtents> poisoning_{};
  std::atomic<bool> died_{false};
  std::atomic<std::uint64_t> pins_{0};
};

TEST(Stress, ThreadsKeepTheInvariants) {
  const auto until = Clock::now() + duration();
  unsigned lives = 0;
  std::uint64_t pins = 0;
  while (Clock::now() < until && !testing::Test::HasFailure()) {
    Life life;
    life.live(150ms, lives * 100);
    pins += life.pins();
    ++lives;
  }
  EXPECT_GT(lives, 1U);
  std::cout << lives << " lives of a device, " << pins << " pins\n";
}

} // namespace
} // namespace daxemu::gup
