// This process's part in a trace. Off, which is the rule, each call costs one load and one branch that is not taken;
// on, a clock reading and some 20 stores. Everything but attach() and detach() is async-signal-safe and allocates
// nothing. The one global variable of emu/: a tracepoint has to be reachable from wherever something happens.
#pragma once

#include <atomic>
#include <cstdlib>

#include "emu/base/result.hpp"
#include "emu/trace/event.hpp"
#include "emu/trace/ring.hpp"
#include "emu/trace/site.hpp"

namespace daxemu::trace {

namespace detail {
inline constinit std::atomic<const Ring*> ring{nullptr};
inline constinit std::atomic<const Ring*> refusals{nullptr};
// As Ring::write(); `place` of an event that was written before, to say it anew; else 0.
std::uint64_t write(const Ring& to, Event event, std::uint64_t place = 0);
} // namespace detail

// The environment variable by which `daxemu trace` tells its command's processes where the ring is.
inline constexpr const char* kVariable = "DAXEMU_TRACE";
// The same of a ring that gets refusals and their reasons only (why.hpp): daxemu run --explain.
inline constexpr const char* kRefusalsVariable = "DAXEMU_EXPLAIN";

// Relaxed: whoever sees the pointer reads the ring through it, which no machine reorders before the load.
[[nodiscard]] inline const Ring* ring() {
  return detail::ring.load(std::memory_order_relaxed);
}
[[nodiscard]] inline bool on() {
  return ring() != nullptr;
}
// Where refusals go: that ring, or one of their own, while all else is off.
[[nodiscard]] inline const Ring* refusals() {
  return detail::refusals.load(std::memory_order_relaxed);
}

// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] std::uint64_t now_ns();

// Notes the event that `make` returns, which is not called while tracing is off. Filled in if zero: begin_ns (now), pid
// and tid (this process and thread).
template <class Make>
inline void note(Make&& make) {
  if (const Ring* to = ring(); to != nullptr) [[unlikely]] {
    detail::write(*to, make());
  }
}

// When something that will be noted with its length begins: the time if tracing is on, else 0.
[[nodiscard]] inline std::uint64_t begin() {
  return on() ? now_ns() : 0;
}
// Notes an event that began at `since` (begin()'s answer) and ends now. Nothing if tracing was off then. The answer is
// for saying it anew, when it has ended in truth: `place`.
template <class Make>
inline std::uint64_t note_since(std::uint64_t since, Make&& make, std::uint64_t place = 0) {
  const Ring* to = since != 0 ? ring() : nullptr;
  if (to == nullptr) [[likely]] {
    return 0;
  }
  Event event = make();
  event.begin_ns = since;
  event.duration_ns = now_ns() - since;
  return detail::write(*to, event, place);
}

// How much of what happens goes into a ring.
enum class Extent { everything, refusals };

// Joins the trace in the file `path` for the rest of this process's life (and, after fork, its children's), and notes
// that it did. Errors: those of Ring::open, EBUSY: it is in one already.
Result<void> attach(const char* path, Extent extent = Extent::everything);
// What an environment asks for: the values of its variables, as `find` gives them; nullptr: not set.
struct Asked {
  const char* ring = nullptr;
  const char* refusals = nullptr;
  const char* sites = nullptr;

  template <class Find>
  [[nodiscard]] static Asked of(Find&& find) {
    return {.ring = find(kVariable), .refusals = find(kRefusalsVariable), .sites = find(kSitesVariable)};
  }
};
// As it says; nothing if it names no ring, or one whose keeper has ended: then nobody wants to know any more.
void attach_as_asked(const Asked& asked = Asked::of(std::getenv));
// Leaves it. No other thread of this process may be noting anything: for tests.
void detach();

} // namespace daxemu::trace
