// Processes that do at random what a mapping allows, are stopped, and at times killed: the tracker finds every extent
// that has other bytes than at the last look.
#include <array>
#include <csignal>
#include <cstdlib>
#include <random>

#include <sys/wait.h>

#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/units.hpp"
#include "runtime/fault/write_back/dirty_tracker.hpp"
#include "tests/unit/fault/fault_platform.hpp"
#include "tests/unit/write_back/kernel_scans.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace daxemu::fault {
namespace {

constexpr int kRw = PROT_READ | PROT_WRITE;
constexpr std::uint64_t kExtents = 24;
constexpr unsigned kWorkers = 3;
constexpr int kRounds = 60; // DAXEMU_ROUNDS for more

class Worker {
public:
  Worker(TestPlatform& platform, AddressSpace& space, std::uint64_t align, unsigned seed)
      : platform_(platform), space_(space), align_(align), random_(seed), fd_(platform.open(O_RDWR)) {}

  [[noreturn]] void work() {
    for (std::uint64_t turn = 0;; ++turn) {
      step();
      if (turn % 64 == 0) {
        ::usleep(100);
      }
    }
  }

private:
  std::uint64_t any(std::uint64_t below) { return random_() % below; }
  void step() {
    if (at_ == nullptr) {
      first_ = any(kExtents);
      count_ = 1 + any(kExtents - first_);
      auto mapped =
          space_.map(*platform_.device, fd_.get(), nullptr, count_ * align_, kRw, MAP_SHARED, first_ * align_);
      if (!mapped) {
        ::_exit(3);
      }
      at_ = static_cast<char*>(*mapped);
    }
    const std::uint64_t choice = any(20'000); // in every other round nothing but writes and reads
    PoisonHit hit;
    if (choice == 0) {
      (void)space_.unmap(at_, count_ * align_);
      at_ = nullptr;
    } else if (choice == 1) {
      (void)space_.advise(at_ + any(count_) * align_, align_, MADV_DONTNEED, &hit);
    } else if (choice == 2) {
      auto moved = space_.remap(at_, count_ * align_, count_ * align_, MREMAP_MAYMOVE, nullptr);
      at_ = moved ? static_cast<char*>(*moved) : at_;
    } else if (choice == 3) {
      fork_one_that_writes();
    } else if (choice == 4) {
      (void)space_.protect(at_, count_ * align_, PROT_READ);
      (void)space_.protect(at_, count_ * align_, kRw);
    } else if (choice > 100) {
      sum_ = sum_ + static_cast<unsigned char>(*place());
    } else {
      *place() = static_cast<char>(random_());
    }
  }
  volatile char* place() { return at_ + any(4) % count_ * align_ + any(align_); } // mostly the same few
  void fork_one_that_writes() {
    space_.before_fork();
    const pid_t child = ::fork();
    if (child == 0) {
      space_.after_fork_in_child();
      *place() = static_cast<char>(random_());
      ::_exit(0);
    }
    space_.after_fork_in_parent();
    ::waitpid(child, nullptr, 0);
  }

  TestPlatform& platform_;
  AddressSpace& space_;
  std::uint64_t align_;
  std::mt19937 random_;
  UniqueFd fd_;
  char* at_ = nullptr;
  std::uint64_t first_ = 0;
  std::uint64_t count_ = 0;
  volatile unsigned sum_ = 0;
};

struct Kind {
  const char* name;
  std::uint64_t align;
  store::BackingKind backing;
};
void PrintTo(const Kind& row, std::ostream* out) {
  *out << row.name;
}

class RandomWrites : public ::testing::TestWithParam<Kind> {
protected:
  std::uint64_t align = GetParam().align;
  TestPlatform& platform =
      *new TestPlatform(std::max(kExtents * align, kPmdSize), align, GetParam().backing, store::EngineKind::handler);
  AddressSpace& space = *new AddressSpace(*platform.store);
  std::array<pid_t, kWorkers> workers{};

  void SetUp() override {
    if (!kernel_scans()) {
      GTEST_SKIP() << kNoScan;
    }
  }

  void begin(unsigned at, unsigned seed) {
    space.before_fork();
    workers[at] = ::fork();
    if (workers[at] == 0) {
      ::setpgid(0, 0);
      space.after_fork_in_child();
      Worker(platform, space, align, seed).work();
    }
    space.after_fork_in_parent();
    ::setpgid(workers[at], workers[at]);
  }
  // All of a worker's processes; a child is ended before, or not yet made, or stops too.
  static void signal_all(pid_t worker, int number) { ::kill(-worker, number); }
  void stop_all() const {
    for (const pid_t worker : workers) {
      signal_all(worker, SIGSTOP);
      int status = 0;
      ASSERT_EQ(::waitpid(worker, &status, WUNTRACED), worker);
      ASSERT_TRUE(WIFSTOPPED(status)) << "a worker ended by itself: " << status;
    }
    ::usleep(2000); // a grandchild is stopped a moment later, with nobody told
  }
  [[nodiscard]] std::uint64_t sum_of(std::uint64_t extent) const {
    std::vector<std::byte> bytes(align);
    EXPECT_TRUE(read_whole(platform.bytes.get(), bytes, extent * align));
    return XXH3_64bits(bytes.data(), align);
  }
};

TEST_P(RandomWrites, NoneIsMissed) {
  const char* more = std::getenv("DAXEMU_ROUNDS");
  const int rounds = more != nullptr ? std::atoi(more) : kRounds;
  const unsigned seed = std::random_device()();
  std::mt19937 engine(seed);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  auto folios = std::move(*mm::FolioTable::open(platform.device->folios_location.c_str(), kExtents));
  auto tracker = std::move(*DirtyTracker::start(*platform.store, *platform.device));
  for (unsigned at = 0; at < kWorkers; ++at) {
    begin(at, random());
  }
  std::array<std::uint64_t, kExtents> before{};
  for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
    before[extent] = sum_of(extent);
  }
  std::uint64_t changed = 0;
  std::uint64_t unasked = 0;
  std::uint64_t late = 0;
  std::array<bool, kExtents> owed{};
  for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    ::usleep(random() % 4000);
    stop_all();
    tracker->look(folios);
    for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
      const std::uint64_t now = sum_of(extent);
      const bool differs = now != before[extent];
      const bool found = tracker->may_differ(ExtentIndex(extent));
      // Who is stopped between a change of its mappings and saying so has said it by the next look, or is dead.
      EXPECT_TRUE(found || !owed[extent]) << "extent " << extent << " in round " << round << ", seed " << seed;
      owed[extent] = differs && !found;
      late += owed[extent] ? 1 : 0;
      before[extent] = now;
      changed += differs ? 1 : 0;
      unasked += found ? 0 : 1;
    }
    tracker->settled();
    for (unsigned at = 0; at < kWorkers; ++at) {
      if (random() % 16 == 0) {
        signal_all(workers[at], SIGCONT);
        ::usleep(random() % 2000);
        signal_all(workers[at], SIGKILL);
        ::waitpid(workers[at], nullptr, 0);
        begin(at, random());
      } else {
        signal_all(workers[at], SIGCONT);
      }
    }
  }
  for (const pid_t worker : workers) {
    signal_all(worker, SIGKILL);
    ::waitpid(worker, nullptr, 0);
  }
  RecordProperty("changed", static_cast<int>(changed));
  RecordProperty("late", static_cast<int>(late));
  RecordProperty("not_looked_at", static_cast<int>(unasked));
  EXPECT_GT(changed, 0U) << "this showed nothing";
  EXPECT_GT(unasked, late) << "neither did this";
  EXPECT_LT(late, changed / 10);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RandomWrites,
                         ::testing::Values(Kind{"shmem_4K", kPageSize, store::BackingKind::shmem},
                                           Kind{"shmem_2M", kPmdSize, store::BackingKind::shmem},
                                           Kind{"hugetlb_2M", kPmdSize, store::BackingKind::hugetlb}),
                         [](const auto& kind) { return kind.param.name; });

} // namespace
} // namespace daxemu::fault
