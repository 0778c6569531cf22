#include "runtime/supervise/spaces/follower.hpp"

#include <algorithm>
#include <charconv>
#include <climits>
#include <ctime>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/own_call.hpp"
#include "emu/base/text/text_file.hpp"
#include "emu/store/generation.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "runtime/fault/process/early_kill.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {
namespace {

constexpr int kPatienceMs = 20;
constexpr int kMoments = 20; // that what could not be done at once is waited for

// The numbers that a folder of /proc has.
std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> found;
  each_name(folder.c_str(), [&](std::string_view name) {
    pid_t number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc() && number > 0) {
      found.push_back(number);
    }
  });
  return found;
}

// Has it our library, which does all this inside, or is it daxemu itself?
bool serves_itself(pid_t process, std::string_view maps) {
  const auto theirs = sys::fstatat(AT_FDCWD, fmt::format("/proc/{}/exe", process).c_str(), 0);
  const auto ours = sys::fstatat(AT_FDCWD, "/proc/self/exe", 0);
  const bool same = theirs && ours && theirs->st_dev == ours->st_dev && theirs->st_ino == ours->st_ino;
  return same || maps.find("libdaxemu") != std::string_view::npos;
}

} // namespace

Follower::~Follower() {
  ends_.store(true);
  if (thread_.joinable()) {
    auto& platform = devices_.store().platform();
    (void)sys::call(SYS_futex, reinterpret_cast<long>(&platform.generation), FUTEX_WAKE, INT_MAX);
    thread_.join();
  }
  if (slot_ != nullptr) {
    slot_->engine.store(0); // nobody must wait for us
  }
}

void Follower::say(store::EngineKind engine) const {
  if (slot_ != nullptr) {
    slot_->engine.store(static_cast<std::uint32_t>(engine));
  }
}

void Follower::start() {
  if (thread_.joinable()) {
    return;
  }
  seen_ = store::generation_of(devices_.store().platform());
  if (auto slot = store::claim_slot(devices_.store()); slot) {
    slot_ = *slot;
    slot_->followed.store(seen_);
    say(store::EngineKind::populate); // until it is better
  }
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    if (slot_ != nullptr) {
      slot_->engine.store(0);
    }
  }
}

void Follower::run() {
  auto& platform = devices_.store().platform();
  constexpr timespec kRetry{0, 20'000'000};
  constexpr timespec kMoment{0, 100'000};
  constexpr timespec kRest{1, 0}; // the end may come between the look at it and the wait, and wake nobody
  while (true) {
    if (store::generation_of(platform) == seen_ && !ends_.load()) {
      (void)sys::call(SYS_futex, reinterpret_cast<long>(&platform.generation), FUTEX_WAIT, seen_,
                      reinterpret_cast<long>(owing_.load() ? &kRetry : &kRest));
    }
    if (ends_.load()) {
      return;
    }
    retry();
    const std::uint32_t now = store::generation_of(platform);
    if (now == seen_) {
      continue;
    }
    seen_ = now;
    if (const Drops drops = look(); !drops.empty()) {
      drop_everywhere(drops);
      tell_the_rest();
      // Most threads that cannot be stopped have a call that the kernel is about to go on with, which no answer of
      // ours concludes. Whoever waits for us himself, as one that unbinds, is not waited for longer than that takes.
      for (int look = 0; look < kMoments && owing_.load() && !ends_.load(); ++look) {
        (void)sys::call(SYS_nanosleep, reinterpret_cast<long>(&kMoment), 0);
        retry();
      }
    }
    if (slot_ != nullptr) {
      slot_->followed.store(seen_);
    }
  }
}

Follower::Drops Follower::look() const {
  Drops drops;
  for (fault::DeviceView& view : devices_.all()) {
    if (view.was_alive && !view.alive()) {
      view.was_alive = false;
      drops.push_back({&view, 0, view.size()}); // unmap_mapping_range() of kill_dev_dax()
    }
    if (!view.was_alive && view.revive()) {
      view.was_alive = true;
    }
    view.failures_seen = view.failures().read(view.failures_seen, sys::getpid(), [&](ExtentIndex extent, pid_t teller) {
      const std::uint64_t begin = extent.value() * view.align();
      drops.push_back({&view, begin, begin + view.align(), true, teller});
    });
  }
  bool marked = false;
  for (const auto& space : spaces_.all()) {
    marked = space->take_marks() || marked;
  }
  for (const fault::DeviceView& view : devices_.all()) {
    if (marked) { // pages that were marked as failed may be healed
      drops.push_back({&view, 0, view.size()});
    }
  }
  return drops;
}

void Follower::drop_everywhere(const Drops& drops) {
  for (const Drop& drop : drops) {
    drop.view->note_change(); // DirtyTracker takes a missing entry for one that never was
  }
  for (const pid_t process : numbers_in("/proc")) {
    const std::string maps = Target(process).proc_file("maps");
    const auto pieces = pieces_of(maps, devices_, 0, UINT64_MAX);
    const bool any =
        std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.view != nullptr; });
    if (any && !serves_itself(process, maps) && !drop_in(process, drops)) {
      const std::scoped_lock guard(lock_);
      Drops& owed = owed_[process];
      owed.insert(owed.end(), drops.begin(), drops.end());
      owing_.store(true);
    }
  }
}

bool Follower::drop_in(pid_t process, const Drops& drops) {
  auto threads = numbers_in(fmt::format("/proc/{}/task", process));
  if (std::any_of(drops.begin(), drops.end(), [](const Drop& drop) { return drop.failed; })) { // who is told, first
    const pid_t early = fault::early_kill_thread(process);
    std::stable_partition(threads.begin(), threads.end(), [early](pid_t thread) { return thread == early; });
  }
  for (const pid_t thread : threads) {
    if (in_hand_.has(thread)) {
      continue;
    }
    bool done = false;
    bool gone = false;
    on_a_tracers_thread([&] {
      auto tracee = Tracee::seize(thread);
      const auto stopped = tracee ? tracee->await_stop(kPatienceMs) : tl::unexpected(tracee.error());
      done = stopped && drop_by(*tracee, process, drops);
      gone = !stopped && stopped.error() == Errno{ESRCH};
    });
    if (done || gone) {
      return true;
    }
  }
  bool dead = false; // as a zombie it cannot be stopped
  return Target::parent_of(process, nullptr, &dead) == 0 || (dead && threads.size() <= 1); // others may live on
}

bool Follower::drop_by(Tracee& tracee, pid_t process, const Drops& drops) {
  const auto spaces = spaces_.of(process);
  const auto pieces = pieces_of(Target(process).proc_file("maps"), devices_, 0, UINT64_MAX);
  const auto telling = telling_of(process, pieces, drops);
  bool done = true;
  for (const Piece& piece : pieces) {
    for (const Drop& drop : drops) {
      const std::uint64_t end_offset = piece.offset_of(piece.end);
      if (piece.view != drop.view || drop.begin >= end_offset || drop.end <= piece.offset) {
        continue;
      }
      const std::uint64_t start = piece.start + (std::max(drop.begin, piece.offset) - piece.offset);
      const std::uint64_t end = piece.start + (std::min(drop.end, end_offset) - piece.offset);
      bool watched = false;
      for (const auto& space : spaces) { // of those whose process is not known, one is the right one
        watched = space->watch(*piece.view, start, end - start) || watched;
        space->forget(*piece.view, drop.begin, drop.end);
      }
      done = (watched ? tracee.make(SYS_madvise, {start, end - start, MADV_DONTNEED, 0, 0, kOwnCall}).has_value()
                      : place_filler(tracee, piece, start, end)) &&
             done;
    }
  }
  if (telling && (telling->thread != tracee.thread() || !tell(tracee, *telling))) {
    const std::scoped_lock guard(lock_);
    untold_[process] = *telling;
    owing_.store(true);
  }
  return done;
}

// Where the kernel serves touches, they have to find nothing.
bool Follower::place_filler(Tracee& tracee, const Piece& piece, std::uint64_t start, std::uint64_t end) const {
  const std::uint64_t name = tracee.scratch();
  const std::string_view text(kFillerName);
  if (!Target(tracee.thread()).write(name, text.data(), text.size() + 1)) {
    return false;
  }
  const auto file = tracee.make(SYS_memfd_create, {name, MFD_CLOEXEC});
  if (!file) {
    return false;
  }
  const auto fd = static_cast<std::uint32_t>(*file);
  const auto placed = tracee.make(SYS_mmap, {start, end - start, static_cast<std::uint64_t>(piece.prot),
                                             MAP_SHARED | MAP_FIXED | MAP_NORESERVE, kOwnDescriptor | fd, 0});
  (void)tracee.make(SYS_close, {fd});
  return placed.has_value();
}

void Follower::retry() {
  std::map<pid_t, Drops> owed;
  {
    const std::scoped_lock guard(lock_);
    owed = owed_; // it is owed until it is done: catch_up() may be first, and nothing is wrong with twice
  }
  for (const auto& [process, drops] : owed) {
    if (drop_in(process, drops)) {
      forget(process, drops.size());
    }
  }
  tell_the_rest();
}

// Those whose pages another thread has dropped.
void Follower::tell_the_rest() {
  std::map<pid_t, Telling> untold;
  {
    const std::scoped_lock guard(lock_);
    untold = untold_;
  }
  for (const auto& entry : untold) {
    const pid_t process = entry.first;
    const Telling& telling = entry.second;
    if (in_hand_.has(telling.thread)) {
      continue;
    }
    bool later = false;
    on_a_tracers_thread([&] {
      auto tracee = Tracee::seize(telling.thread);
      const auto stopped = tracee ? tracee->await_stop(kPatienceMs) : tl::unexpected(tracee.error());
      later = !stopped && stopped.error() == Errno{ETIMEDOUT};
      if (stopped) {
        (void)tell(*tracee, telling);
      }
    });
    if (!later) {
      const std::scoped_lock guard(lock_);
      untold_.erase(process);
      owing_.store(owes_under_lock());
    }
  }
}

void Follower::forget(pid_t process, std::size_t count) {
  const std::scoped_lock guard(lock_);
  const auto found = owed_.find(process);
  if (found == owed_.end()) {
    return;
  }
  Drops& drops = found->second;
  drops.erase(drops.begin(), drops.begin() + static_cast<std::ptrdiff_t>(std::min(count, drops.size())));
  if (drops.empty()) {
    owed_.erase(found);
    owing_.store(owes_under_lock());
  }
}

bool Follower::owes(pid_t process) const {
  const std::scoped_lock guard(lock_);
  return owed_.count(process) != 0 || untold_.count(process) != 0;
}

void Follower::catch_up(Tracee& tracee, pid_t process) {
  Drops drops;
  std::optional<Telling> telling;
  {
    const std::scoped_lock guard(lock_);
    if (const auto found = owed_.find(process); found != owed_.end()) {
      drops = found->second;
    }
    if (const auto found = untold_.find(process); found != untold_.end() && found->second.thread == tracee.thread()) {
      telling = found->second;
      untold_.erase(found);
      owing_.store(owes_under_lock());
    }
  }
  if (telling) {
    (void)tell(tracee, *telling);
  }
  if (!drops.empty() && drop_by(tracee, process, drops)) {
    forget(process, drops.size());
  }
}

} // namespace daxemu::supervise
