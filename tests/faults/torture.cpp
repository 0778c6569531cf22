// torture ROUNDS [SEED]: six processes use a platform; in each round some of them are killed at a random moment, and
// what must hold then is checked.
#include "tests/faults/torture.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daxemu/gup.h>

#include "emu/store/recovery_log.hpp"
#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/platforms/recovery_report.hpp"
#include "runtime/cli/stage/preload_path.hpp"
#include "tests/faults/torture_lab.hpp"

namespace daxemu::torture {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kStuckSeconds = 60; // of any single check: something waits for the dead
constexpr int kSharedFd = 900;         // in the programs under the preload library

[[noreturn]] void pin_until_killed(const Lab& lab, Shared& shared, unsigned worker, unsigned seed) {
  ::daxemu_platform_use(lab.pins());
  void* at = nullptr;
  if (::daxemu_mmap(lab.pinned(), kPinnedExtents * kExtent, PROT_READ | PROT_WRITE, 0, &at) != 0) {
    wrong(shared, "daxemu_mmap: %s", ::daxemu_last_error());
  }
  std::mt19937 random(seed);
  std::vector<std::vector<daxemu_page_range>> held;
  while (true) {
    if (held.size() < 6 && random() % 2 == 0) {
      constexpr std::uint64_t kPages = kPinnedExtents * kExtent / kPageSize;
      const std::uint64_t first = random() % kPages;
      const unsigned long count = std::min<std::uint64_t>(1 + random() % 2000, kPages - first);
      std::vector<daxemu_page_range> ranges(16);
      const long runs =
          ::daxemu_pin_user_folios(reinterpret_cast<unsigned long>(at) + first * kPageSize, count,
                                   DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM, ranges.data(), ranges.size());
      if (runs < 0) {
        wrong(shared, "a pin of %lu pages: %s", count, ::daxemu_last_error());
      }
      ranges.resize(static_cast<std::size_t>(runs));
      unsigned long pages = 0;
      for (const daxemu_page_range& range : ranges) {
        pages += range.nr_pages;
      }
      if (pages != count) {
        wrong(shared, "a pin of %lu pages got %lu", count, pages);
      }
      held.push_back(std::move(ranges));
    } else if (!held.empty()) {
      ::daxemu_unpin_user_folios(held.back().data(), held.back().size(), false);
      held.pop_back();
    }
    shared.done[worker].fetch_add(1);
    shared.ready[worker].store(1);
  }
}

[[noreturn]] void sync_until_killed(const Lab& lab, Shared& shared, unsigned worker) {
  cli::RepeatedWriteBack repeated(lab.store()); // taken over from one that was killed
  for (unsigned turn = 0;; ++turn) {
    shared.ready[worker].store(1);
    if (auto saved = turn % 2 == 0 ? cli::write_back(lab.store()) : repeated.again(); !saved) {
      wrong(shared, "write-back: %s", saved.error().what.c_str());
    }
    shared.done[worker].fetch_add(1);
  }
}

[[noreturn]] void run_preloaded(const Lab& lab, const std::string& library, int shared_fd,
                                const std::vector<std::string>& words) {
  ::setenv("LD_PRELOAD", cli::preload_value(library, nullptr).c_str(), 1);
  ::setenv("DAXEMU_PLATFORM", lab.location().c_str(), 1);
  ::dup2(shared_fd, kSharedFd);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  ::execv("/proc/self/exe", argv.data());
  std::_Exit(4);
}

class Driver {
public:
  Driver(Shared& shared, int shared_fd, unsigned seed) : shared_(shared), shared_fd_(shared_fd), random_(seed) {
    const auto library = cli::find_preload_library();
    if (!library) {
      wrong(shared, "%s", library.error().what.c_str());
    }
    library_ = *library;
    lab_ = std::make_unique<Lab>(shared);
    lab_->start(seed);
  }

  void run(unsigned rounds) {
    for (unsigned at = 0; at < kWorkers; ++at) {
      begin(at);
    }
    // On a busy machine few rounds may pass before everybody was at it once.
    for (unsigned round = 1; round <= rounds || (!worked() && round <= rounds + kMoreRounds); ++round) {
      const bool all = round >= rounds || random_() % 16 == 0;
      std::vector<unsigned> victims;
      for (unsigned at = 0; at < kWorkers; ++at) {
        if (all || random_() % 4 == 0) {
          victims.push_back(at);
        }
      }
      std::shuffle(victims.begin(), victims.end(), random_);
      for (const unsigned victim : victims) {
        if (random_() % 8 != 0) { // else while it starts
          await_work(victim);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(random_() % 3000));
        end(victim);
      }
      ::alarm(kStuckSeconds);
      lab_->check_bus();
      if (all) {
        check_quiet();
      }
      ::alarm(0);
      for (const unsigned victim : victims) {
        begin(victim);
      }
    }
    for (unsigned at = 0; at < kWorkers; ++at) {
      end(at);
    }
    ::alarm(kStuckSeconds);
    lab_->check_bus();
    check_quiet();
    lab_->stop();
    ::alarm(0);
    fmt::print("{} rounds: {} kills, {} checks with everybody dead, {} restarts; {} versions committed, 0 lost; {} pin "
               "calls, 0 leaked; {} bus changes; {} write-backs; {} repairs of half-done changes\n",
               rounds, kills_, quiet_, restarts_, shared_.done[0] + shared_.done[1], shared_.done[2].load(),
               shared_.done[3] + shared_.done[4], shared_.done[5].load(), repairs_);
    if (!worked() || kills_ < rounds) {
      wrong(shared_, "some worker never got to work: this showed nothing");
    }
  }

private:
  static constexpr unsigned kMoreRounds = 400;

  [[nodiscard]] bool worked() const {
    return std::all_of(shared_.done.begin(), shared_.done.end(), [](const auto& done) { return done > 0; });
  }
  void begin(unsigned worker) {
    shared_.ready[worker].store(0);
    const auto seed = static_cast<unsigned>(random_());
    const pid_t child = ::fork();
    if (child < 0) {
      wrong(shared_, "fork: %s", std::strerror(errno));
    }
    if (child == 0) {
      switch (kRoles[worker]) {
      case Role::pinner:
        pin_until_killed(*lab_, shared_, worker, seed);
      case Role::syncer:
        sync_until_killed(*lab_, shared_, worker);
      default:
        run_preloaded(*lab_, library_, shared_fd_,
                      {"torture", kRoles[worker] == Role::writer ? "writer" : "bus", std::to_string(worker),
                       std::to_string(seed)});
      }
    }
    pids_[worker] = child;
  }

  // Until the worker works, or a second: one that cannot is found out by end().
  void await_work(unsigned worker) {
    for (int turn = 0; turn < 20'000 && shared_.ready[worker].load() == 0; ++turn) {
      std::this_thread::sleep_for(50us);
    }
  }

  void end(unsigned worker) {
    if (pids_[worker] == 0) {
      return;
    }
    ::kill(pids_[worker], SIGKILL);
    int status = 0;
    ::waitpid(pids_[worker], &status, 0);
    pids_[worker] = 0;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
      wrong(shared_, "worker %u ended by itself, with status 0x%x: %s", worker, static_cast<unsigned>(status),
            std::string(shared_.why).c_str());
    }
    ++kills_;
  }

  void verify_in_next_process() {
    const pid_t child = ::fork();
    if (child == 0) {
      run_preloaded(*lab_, library_, shared_fd_, {"torture", "verify"});
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) {
      wrong(shared_, "verification ended with status 0x%x: %s", static_cast<unsigned>(status),
            std::string(shared_.why).c_str());
    }
  }

  void check_quiet() {
    ++quiet_;
    repairs_ += lab_->store().platform().recoveries.load() - lab_->store().platform().recoveries_told.load();
    cli::tell_recoveries(lab_->store());
    verify_in_next_process();
    lab_->check_quiet();
    lab_->clear_bus();
    if (random_() % 4 == 0) {
      ++restarts_;
      lab_->stop();
      lab_->start(static_cast<unsigned>(random_()));
      verify_in_next_process();
    }
  }

  Shared& shared_;
  int shared_fd_;
  std::mt19937 random_;
  std::string library_;
  std::unique_ptr<Lab> lab_;
  std::array<pid_t, kWorkers> pids_{};
  std::uint64_t kills_ = 0;
  std::uint64_t quiet_ = 0;
  std::uint64_t restarts_ = 0;
  std::uint64_t repairs_ = 0;
};

Shared& map_shared(int fd) {
  void* at = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    std::perror("shared memory");
    std::_Exit(4);
  }
  return *static_cast<Shared*>(at);
}

Shared* watched = nullptr;

int drive(unsigned rounds, unsigned seed) {
  const int fd = ::memfd_create("torture", 0);
  if (::ftruncate(fd, sizeof(Shared)) != 0) {
    return 4;
  }
  watched = &map_shared(fd);
  ::signal(SIGALRM, [](int) {
    constexpr char kText[] = "torture: a lock is stuck, or nearly so\n";
    (void)!::write(2, kText, sizeof kText - 1);
    std::_Exit(5);
  });
  const pid_t driver = ::fork(); // so that somebody is left to say why it ended, and to tidy up
  if (driver == 0) {
    ::setpgid(0, 0);
    Driver(*watched, fd, seed).run(rounds);
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(driver, &status, 0);
  if (status != 0) {
    ::kill(-driver, SIGKILL); // workers that are left
    Lab::remove_files(driver);
    std::fprintf(stderr, "torture (seed %u): %s (status 0x%x)\n", seed, watched->why, static_cast<unsigned>(status));
    return 1;
  }
  return 0;
}

} // namespace
} // namespace daxemu::torture

int main(int argc, char** argv) {
  using namespace daxemu::torture;
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "verify") {
    verify(map_shared(kSharedFd));
  }
  if (argc == 4 && what == "writer") {
    write_until_killed(map_shared(kSharedFd), static_cast<unsigned>(std::atoi(argv[2])),
                       static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)));
  }
  if (argc == 4 && what == "bus") {
    change_bus_until_killed(map_shared(kSharedFd), static_cast<unsigned>(std::atoi(argv[2])),
                            static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)));
  }
  const unsigned rounds = static_cast<unsigned>(std::atoi(what.c_str()));
  if (rounds == 0) {
    std::fprintf(stderr, "torture ROUNDS [SEED]\n");
    return 2;
  }
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : std::random_device()();
  return drive(rounds, seed);
}
