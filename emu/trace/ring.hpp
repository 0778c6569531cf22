// A bounded ring of events in a file that any number of processes map and write to, without locks: a writer that dies
// or stands still costs the others at most one slot. The newest events are kept; what was lost is counted.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/result.hpp"
#include "emu/trace/event.hpp"

namespace daxemu::trace {

class Ring {
public:
  // Makes a ring of `capacity` events (rounded up to a power of two, 2^24 at most) in the empty file `fd` (borrowed).
  // A slot nobody has written to costs no memory. Errors: ftruncate(2)'s and mmap(2)'s, EINVAL for 0 or too many.
  [[nodiscard]] static Result<Ring> create(int fd, std::uint64_t capacity);
  // Maps one from `fd` (borrowed) or `path`. Errors: open(2)'s, mmap(2)'s; EPROTO: the file holds no ring of ours.
  [[nodiscard]] static Result<Ring> map(int fd);
  [[nodiscard]] static Result<Ring> open(const char* path);

  // Async-signal-safe, lock-free, wait-free but for the kernel's scheduling. Events of one thread stay in order.
  // The place it was written to, for rewrite(); 0: it is lost.
  std::uint64_t write(const Event& event) const; // NOLINT(modernize-use-nodiscard): most have said all there is
  // Says it anew, if it is still there. As write().
  void rewrite(std::uint64_t place, const Event& event) const;

  struct Contents {
    std::vector<Event> events;     // by begin_ns
    std::uint64_t written = 0;     // events ever offered
    std::uint64_t overwritten = 0; // gone, as newer ones took their place
    std::uint64_t lost = 0;        // not recorded: their slot was just being written to, or its writer had died in it
  };
  // What was written since `next` (0: since the beginning), in the order it was, for who reads while writers go on;
  // `next` becomes where to go on. It waits for a writer that is just at it: stops there, unless `last`, when he may be
  // dead.
  struct Fresh {
    std::vector<Event> events;
    std::uint64_t missed = 0; // gone before they were read
  };
  [[nodiscard]] Fresh read_on(std::uint64_t& next, bool last) const;

  // What it holds now. Writers may go on; an event that changes under us is left out.
  [[nodiscard]] Contents read() const;

  [[nodiscard]] std::uint64_t capacity() const { return mask_ + 1; }

private:
  // words[0] is the slot's stamp: 0 never used, odd while being written, else 2 * (ticket + 1). The rest is an Event.
  struct Slot {
    std::array<std::atomic<std::uint64_t>, 16> words;
  };
  static_assert(sizeof(Slot) == 128);
  struct Header;

  // The event of the slot, if nobody changes it meanwhile.
  [[nodiscard]] static std::optional<Event> copy_of(const Slot& slot, std::uint64_t stamp);
  static void fill(Slot& slot, const Event& event, std::uint64_t stamp);
  explicit Ring(Mapping mapping);
  [[nodiscard]] Header& header() const;
  [[nodiscard]] Slot& slot_of(std::uint64_t ticket) const;

  Mapping mapping_;
  std::uint64_t mask_ = 0;
};

} // namespace daxemu::trace
