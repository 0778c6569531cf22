// Who holds references and pins on a device's folios: the part of the pin ledger that outlives its holder. It lies in
// the device's folio file, so that whoever finds a holder dead can release what it held.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <sys/types.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/base/units.hpp"
#include "emu/mm/folio_counts.hpp"
#include "emu/mm/folio_table.hpp"

namespace daxemu::mm {

// Neighbouring folios that one process holds alike.
struct Hold {
  pid_t pid = 0;
  pid_t tid = 0;
  ExtentIndex first;
  std::uint64_t folios = 0;
  std::uint32_t gets = 0; // of each of them
  std::uint32_t pins = 0;
  bool longterm = false;
  std::uint64_t since_ns = 0;                 // CLOCK_REALTIME
  std::uint64_t site = 0;                     // return address in the holder, 0: not recorded
  std::array<std::uint32_t, kHoldKinds> by{}; // pages of each folio by HoldBy; their sum is gets + pins
};

// What is noted about a call that takes or drops holds.
struct HoldStamp {
  std::uint32_t tid = 0;
  std::uint64_t since_ns = 0;
  std::uint64_t site = 0;
  bool longterm = false;
  HoldBy by = HoldBy::call;
};

class HolderTurns;

class HolderTable {
public:
  // `fd` is the device's folio file (kept). Errors: fstat(2)'s, EIO when it is too short.
  [[nodiscard]] static Result<HolderTable> open(UniqueFd fd, std::uint64_t extents);
  HolderTable(HolderTable&&) noexcept;
  HolderTable& operator=(HolderTable&&) noexcept;
  ~HolderTable();

  // This process's records, one per extent; taken on the first call, and again after forget(). Dead holders are not
  // looked for, unless no place is left. Errors: ENOMEM (256 live holders), mmap(2)'s.
  [[nodiscard]] Result<HolderRecord*> mine(const FolioTable& folios, unsigned order);

  // The same where the first call has been, else nullptr; costs a load.
  [[nodiscard]] HolderRecord* mine_if_any() const { return records_->load(std::memory_order_acquire); }
  // Who changes those by InTurn (holder_turns.hpp), and then everybody in this process does.
  [[nodiscard]] HolderTurns& turns() const { return *turns_; }

  // The child of a fork holds nothing: the kernel gives pins to whoever called, not to copies of him.
  void forget();

  // Gives this process's place back if it holds nothing. Errors: EBUSY if it does.
  Result<void> leave(const FolioTable& folios);

  // Releases what dead processes held. `released(hold, became_idle)` hears of each folio; Hold::folios is 1 there.
  // Safe against its own death: another reaper goes on where it stopped. Returns the number of folios released.
  using Released = std::function<void(const Hold&, bool)>;
  Result<std::uint64_t> reap(const FolioTable& folios, unsigned order, const Released& released);

  // What everybody holds, merged over neighbouring folios. Errors: lseek(2)'s and mmap(2)'s.
  [[nodiscard]] Result<std::vector<Hold>> list(const FolioTable& folios) const;

  [[nodiscard]] int fd() const { return fd_.get(); }

private:
  struct State;
  Result<HolderRecord*> join(const FolioTable& folios);
  HolderTable(UniqueFd fd, std::uint64_t extents);

  UniqueFd fd_;
  std::uint64_t extents_ = 0;
  std::unique_ptr<State> state_;
  const std::atomic<HolderRecord*>* records_ = nullptr; // in *state_
  HolderTurns* turns_ = nullptr;                        // in *state_
};

// The three steps of taking and of dropping a hold. At any moment applied <= what the folio's counts contain <=
// claimed.
[[nodiscard]] constexpr std::uint64_t hold_word(std::uint32_t gets, std::uint32_t pins) {
  return (static_cast<std::uint64_t>(pins) << 32) | gets;
}
// How a word of a record is changed: where several threads may at once, or where one has the turn (InTurn in
// holder_turns.hpp).
struct AnyThread {
  // What it was before.
  static std::uint64_t add(std::atomic<std::uint64_t>& word, std::uint64_t value) {
    return word.fetch_add(value, std::memory_order_acq_rel);
  }
  // Only if it still is `now`, else `now` becomes what it is.
  static bool replace(std::atomic<std::uint64_t>& word, std::uint64_t& now, std::uint64_t wanted) {
    return word.compare_exchange_weak(now, wanted, std::memory_order_acq_rel, std::memory_order_relaxed);
  }
};
// Adds to how many pages one of the kernel's own calls holds, or takes them off: by minus.
inline void add_by(HolderRecord& record, HoldBy by, std::uint32_t pages) {
  record.by[static_cast<std::size_t>(by) - 1].fetch_add(pages, std::memory_order_relaxed);
}
template <class By = AnyThread>
void claim(HolderRecord& record, std::uint64_t word, const HoldStamp& stamp) {
  if (By::add(record.claimed, word) == 0) { // the first of this process on this folio
    record.tid.store(stamp.tid, std::memory_order_relaxed);
    record.since_ns.store(stamp.since_ns, std::memory_order_relaxed);
    record.site.store(stamp.site, std::memory_order_relaxed);
    record.longterm.store(stamp.longterm ? 1 : 0, std::memory_order_relaxed);
  } else if (stamp.longterm) {
    record.longterm.store(1, std::memory_order_relaxed);
  }
  if (stamp.by != HoldBy::call) {
    add_by(record, stamp.by, static_cast<std::uint32_t>(word + (word >> 32)));
  }
}
template <class By = AnyThread>
void confirm(HolderRecord& record, std::uint64_t word) {
  By::add(record.applied, word);
}
// Errors: ERANGE: this process does not hold that much of it (nothing is changed).
template <class By = AnyThread>
[[nodiscard]] Result<void> begin_drop(HolderRecord& record, std::uint64_t word) {
  std::uint64_t now = record.applied.load(std::memory_order_relaxed);
  do {
    if ((now & 0xffff'ffffU) < (word & 0xffff'ffffU) || (now >> 32) < (word >> 32)) {
      return fail(ERANGE);
    }
  } while (!By::replace(record.applied, now, now - word));
  return {};
}
template <class By = AnyThread>
void end_drop(HolderRecord& record, std::uint64_t word) {
  By::add(record.claimed, 0 - word);
}

// Field 22 of /proc/PID/stat; nothing when there is no such process.
[[nodiscard]] std::optional<std::uint64_t> start_time_of(pid_t pid);

} // namespace daxemu::mm
