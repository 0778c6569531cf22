#include "emu/mm/holder_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/file_lock.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/valgrind.hpp"
#include "emu/base/text/text_file.hpp"
#include "emu/mm/device_pages.hpp"
#include "emu/mm/holder_settle.hpp"
#include "emu/mm/holder_turns.hpp"

namespace daxemu::mm {

struct HolderTable::State {
  std::mutex joining;
  std::atomic<HolderRecord*> records{nullptr};
  HolderTurns turns;
  Mapping mapping;
  std::uint32_t place = 0;
};

namespace {

constexpr std::uint32_t kFree = 0;
constexpr std::uint32_t kLive = 2;

// Does process `pid` still have its records mapped? exec(2) keeps pid and start time, but no mapping, and the kernel
// has dropped what the old program held. Where we may not look, it does.
bool maps_records(pid_t pid, int file, std::uint64_t offset) {
  const auto st = sys::fstat(file);
  std::string maps = read_text(("/proc/" + std::to_string(pid) + "/maps").c_str());
  if (!st || maps.empty()) {
    return true; // a file nobody may read is an empty one
  }
  for (std::size_t begin = 0; begin < maps.size();) {
    const std::size_t end = std::min(maps.find('\n', begin), maps.size() - 1);
    maps[end] = '\0';
    unsigned long long at = 0;
    unsigned long long inode = 0;
    if (std::sscanf(&maps[begin], "%*x-%*x %*4s %llx %*x:%*x %llu", &at, &inode) == 2 && inode == st->st_ino &&
        at == offset) {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

// Excludes other processes and threads that join, leave or reap.
Result<FileLock> lock_holders(int file) {
  return FileLock::take(file);
}

bool is_dead(const HolderHeader& header, int file, std::uint64_t extents, std::uint32_t place) {
  return start_time_of(header.pid) != header.start_time ||
         !maps_records(header.pid, file, holder_area_offset(extents, place));
}

Result<Mapping> map_area(int fd, std::uint64_t extents, std::uint32_t place) {
  auto area = Mapping::of(fd, align_up(extents * sizeof(HolderRecord), kPageSize), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_NORESERVE, holder_area_offset(extents, place));
  if (area) {
    sys::keep_race_checkers_off(area->data(), area->size());
  }
  return area;
}

// Calls visit(index) for every record of the area that has memory.
template <class Visit>
Result<void> for_each_touched(int fd, std::uint64_t extents, std::uint32_t place, Visit visit) {
  const std::uint64_t begin = holder_area_offset(extents, place);
  const std::uint64_t end = begin + extents * sizeof(HolderRecord);
  for (std::uint64_t at = begin; at < end;) {
    const auto data = sys::call(SYS_lseek, fd, static_cast<long>(at), SEEK_DATA);
    if (!data && data.error() == Errno{ENXIO}) {
      break;
    }
    if (!data) {
      return tl::unexpected(data.error());
    }
    const auto hole = sys::call(SYS_lseek, fd, *data, SEEK_HOLE);
    if (!hole) {
      return tl::unexpected(hole.error());
    }
    const std::uint64_t to = std::min(static_cast<std::uint64_t>(*hole), end);
    for (at = static_cast<std::uint64_t>(*data); at < to; at += sizeof(HolderRecord)) {
      visit(ExtentIndex((at - begin) / sizeof(HolderRecord)));
    }
    at = std::max(at, static_cast<std::uint64_t>(*hole));
  }
  return {};
}

Hold hold_of(const HolderHeader& header, const HolderRecord& record, ExtentIndex extent, std::uint64_t word) {
  Hold hold;
  hold.pid = header.pid;
  hold.tid = static_cast<pid_t>(record.tid.load());
  hold.first = extent;
  hold.folios = 1;
  hold.gets = static_cast<std::uint32_t>(word);
  hold.pins = static_cast<std::uint32_t>(word >> 32);
  hold.longterm = record.longterm.load() != 0;
  hold.since_ns = record.since_ns.load();
  hold.site = record.site.load();
  std::uint32_t others = 0;
  for (std::size_t kind = 1; kind < kHoldKinds; ++kind) {
    hold.by.at(kind) = record.by.at(kind - 1).load();
    others += hold.by.at(kind);
  }
  hold.by[0] = hold.gets + hold.pins - std::min(others, hold.gets + hold.pins);
  return hold;
}

bool alike(const Hold& a, const Hold& b) {
  return a.pid == b.pid && a.tid == b.tid && a.gets == b.gets && a.pins == b.pins && a.longterm == b.longterm &&
         a.since_ns == b.since_ns && a.site == b.site && a.by == b.by;
}

// The memory of an area whose holds are all let go of. Where there are no holes (a disk file system) its records stay,
// empty.
void give_back(int file, std::uint64_t offset, std::uint64_t size) {
  (void)sys::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
}

} // namespace

std::optional<std::uint64_t> start_time_of(pid_t pid) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", static_cast<int>(pid));
  auto raw = sys::open(path.data(), O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return std::nullopt;
  }
  const UniqueFd fd(*raw);
  std::array<char, 1024> text{};
  auto got = sys::pread(fd.get(), text.data(), text.size() - 1, 0);
  if (!got) {
    return std::nullopt;
  }
  const char* at = std::strrchr(text.data(), ')'); // the name may contain blanks and parentheses
  if (at == nullptr) {
    return std::nullopt;
  }
  ++at;
  if (at[0] == ' ' && (at[1] == 'Z' || at[1] == 'X')) {
    return std::nullopt; // ended, only its parent has not noticed
  }
  constexpr int kFieldsToSkip = 19; // `at` is at the blank before field 3, and the one before field 22 is wanted
  for (int field = 0; field < kFieldsToSkip && at != nullptr; ++field) {
    at = std::strchr(at + 1, ' ');
  }
  if (at == nullptr) {
    return std::nullopt;
  }
  return std::strtoull(at, nullptr, 10);
}

HolderTable::HolderTable(UniqueFd fd, std::uint64_t extents)
    : fd_(std::move(fd)), extents_(extents), state_(std::make_unique<State>()), records_(&state_->records),
      turns_(&state_->turns) {}
HolderTable::HolderTable(HolderTable&&) noexcept = default;
HolderTable& HolderTable::operator=(HolderTable&&) noexcept = default;
HolderTable::~HolderTable() = default;

Result<HolderTable> HolderTable::open(UniqueFd fd, std::uint64_t extents) {
  auto st = sys::fstat(fd.get());
  if (!st) {
    return tl::unexpected(st.error());
  }
  if (static_cast<std::uint64_t>(st->st_size) < folio_file_size(extents)) {
    return fail(EIO);
  }
  return HolderTable(std::move(fd), extents);
}

Result<HolderRecord*> HolderTable::mine(const FolioTable& folios, unsigned order) {
  if (HolderRecord* records = state_->records.load(std::memory_order_acquire); records != nullptr) {
    return records;
  }
  const std::lock_guard joining(state_->joining);
  if (HolderRecord* records = state_->records.load(std::memory_order_acquire); records != nullptr) {
    return records;
  }
  auto joined = join(folios);
  if (!joined && joined.error() == Errno{ENOSPC}) {
    if (auto reaped = reap(folios, order, {}); !reaped) {
      return tl::unexpected(reaped.error());
    }
    joined = join(folios);
  }
  return joined || joined.error() != Errno{ENOSPC} ? joined : fail(ENOMEM);
}

// ENOSPC: no place is free.
Result<HolderRecord*> HolderTable::join(const FolioTable& folios) {
  auto lock = lock_holders(fd_.get());
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  std::uint32_t place = 0;
  auto& holders = folios.control().holders;
  while (place < kMaxHolders && holders[place].state.load() != kFree) {
    ++place;
  }
  if (place == kMaxHolders) {
    return fail(ENOSPC);
  }
  auto mapping = map_area(fd_.get(), extents_, place);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  holders[place].pid = sys::getpid();
  holders[place].start_time = start_time_of(sys::getpid()).value_or(0);
  holders[place].state.store(kLive, std::memory_order_release);
  state_->mapping = std::move(*mapping);
  state_->place = place;
  auto* records = static_cast<HolderRecord*>(state_->mapping.data());
  state_->records.store(records, std::memory_order_release);
  return records;
}

void HolderTable::forget() {
  state_->records.store(nullptr);
  state_->turns.forget();
  state_->mapping.reset();
}

Result<void> HolderTable::leave(const FolioTable& folios) {
  const std::lock_guard joining(state_->joining);
  const HolderRecord* records = state_->records.load();
  if (records == nullptr) {
    return {};
  }
  auto lock = lock_holders(fd_.get());
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  bool holds = false;
  auto seen = for_each_touched(fd_.get(), extents_, state_->place,
                               [&](ExtentIndex at) { holds = holds || records[at.value()].claimed.load() != 0; });
  if (!seen) {
    return seen;
  }
  if (holds) {
    return fail(EBUSY);
  }
  give_back(fd_.get(), holder_area_offset(extents_, state_->place), state_->mapping.size());
  folios.control().holders[state_->place].state.store(kFree, std::memory_order_release);
  forget();
  return {};
}

Result<std::uint64_t> HolderTable::reap(const FolioTable& folios, unsigned order, const Released& released) {
  auto lock = lock_holders(fd_.get());
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  auto& holders = folios.control().holders;
  std::uint64_t count = 0;
  std::vector<Mapping> areas(kMaxHolders); // mapped when needed to settle a doubt
  auto area = [&](std::uint32_t place) -> HolderRecord* {
    if (!areas[place]) {
      if (auto mapping = map_area(fd_.get(), extents_, place)) {
        areas[place] = std::move(*mapping);
      }
    }
    return static_cast<HolderRecord*>(areas[place].data());
  };
  auto settle = [&](std::uint32_t dead, ExtentIndex at) {
    return settle_hold(folios[at], area(dead)[at.value()], order, [&](const auto& visit) {
      for (std::uint32_t place = 0; place < kMaxHolders; ++place) {
        if (place != dead && holders[place].state.load() == kLive && area(place) != nullptr) {
          const HolderRecord& record = area(place)[at.value()];
          const bool changing = record.claimed.load() != record.applied.load();
          visit({&record, changing && is_dead(holders[place], fd_.get(), extents_, place)});
        }
      }
    });
  };
  for (std::uint32_t place = 0; place < kMaxHolders; ++place) {
    HolderHeader& header = holders[place];
    if (header.state.load(std::memory_order_acquire) != kLive || !is_dead(header, fd_.get(), extents_, place)) {
      continue;
    }
    if (area(place) == nullptr) {
      return fail(ENOMEM);
    }
    auto seen = for_each_touched(fd_.get(), extents_, place, [&](ExtentIndex at) {
      HolderRecord& record = area(place)[at.value()];
      if (record.claimed.load() == 0) {
        return;
      }
      const std::uint64_t word = settle(place, at);
      const Hold hold = hold_of(header, record, at, word);
      record.applied.store(0); // the order of end_drop: a reaper that dies here leaves a doubt for the next, not a lie
      record.claimed.store(word);
      const auto dropped = drop_counts(folios[at], counts_for(order, hold.gets, hold.pins));
      if (!dropped) {
        folios.control().refused.fetch_add(1);
      }
      record.claimed.store(0);
      if (word != 0) {
        ++count;
        if (released) {
          released(hold, dropped.value_or(false));
        }
      }
    });
    if (!seen) {
      return tl::unexpected(seen.error());
    }
    areas[place].reset();
    give_back(fd_.get(), holder_area_offset(extents_, place), align_up(extents_ * sizeof(HolderRecord), kPageSize));
    header.state.store(kFree, std::memory_order_release);
  }
  return count;
}

Result<std::vector<Hold>> HolderTable::list(const FolioTable& folios) const {
  std::vector<Hold> holds;
  for (std::uint32_t place = 0; place < kMaxHolders; ++place) {
    const HolderHeader& header = folios.control().holders[place];
    if (header.state.load(std::memory_order_acquire) != kLive) {
      continue;
    }
    auto mapping = map_area(fd_.get(), extents_, place);
    if (!mapping) {
      return tl::unexpected(mapping.error());
    }
    const auto* records = static_cast<const HolderRecord*>(mapping->data());
    auto seen = for_each_touched(fd_.get(), extents_, place, [&](ExtentIndex at) {
      const HolderRecord& record = records[at.value()];
      const std::uint64_t word = record.applied.load();
      if (word == 0) {
        return;
      }
      const Hold hold = hold_of(header, record, at, word);
      if (!holds.empty() && alike(holds.back(), hold) && holds.back().first + holds.back().folios == at) {
        ++holds.back().folios;
      } else {
        holds.push_back(hold);
      }
    });
    if (!seen) {
      return tl::unexpected(seen.error());
    }
  }
  return holds;
}

} // namespace daxemu::mm
