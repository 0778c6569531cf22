#include "emu/trace/trace.hpp"

#include <array>
#include <optional>

#include <fcntl.h>
#include <pthread.h>

#include "emu/base/clock.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/trace/site.hpp"

namespace daxemu::trace {
namespace {

// Who we are, kept per thread: a system call costs more than the rest of an event. After fork the thread that called it
// is another one, in another process.
std::atomic<std::uint32_t> generation{1};
struct Identity {
  std::uint32_t generation = 0;
  pid_t pid = 0;
  pid_t tid = 0;
};
// initial-exec: the other models may allocate on a thread's first access.
__attribute__((tls_model("initial-exec"))) thread_local constinit Identity identity;

const Identity& self() {
  if (const std::uint32_t now = generation.load(std::memory_order_relaxed); identity.generation != now) {
    identity = {now, sys::getpid(), sys::gettid()};
  }
  return identity;
}

// Never destroyed while anything may note: threads outlive static objects at exit.
alignas(Ring) std::array<std::byte, sizeof(Ring)> storage;
std::atomic<bool> taken{false};

FixedString<48> process_name() {
  std::array<char, 48> text{};
  if (auto raw = sys::open("/proc/self/comm", O_RDONLY | O_CLOEXEC)) {
    const UniqueFd fd(*raw);
    if (const auto got = sys::pread(fd.get(), text.data(), text.size() - 1, 0); got && *got > 0) {
      text[*got - 1] = '\0'; // the line's end
    }
  }
  return FixedString<48>(text.data());
}

} // namespace

namespace detail {

std::uint64_t write(const Ring& to, Event event, std::uint64_t place) {
  if (event.begin_ns == 0) {
    event.begin_ns = now_ns();
  }
  if (event.pid == 0) {
    event.pid = self().pid;
  }
  if (event.tid == 0) {
    event.tid = self().tid;
  }
  if (place == 0) {
    return to.write(event);
  }
  to.rewrite(place, event);
  return place;
}

} // namespace detail

std::uint64_t now_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}

Result<void> attach(const char* path, Extent extent) {
  auto opened = Ring::open(path);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if (taken.exchange(true)) {
    return fail(EBUSY);
  }
  const Ring* placed = new (storage.data()) Ring(std::move(*opened));
  detail::refusals.store(placed, std::memory_order_release);
  if (extent == Extent::everything) {
    detail::ring.store(placed, std::memory_order_release);
  }
  static const int on_fork = ::pthread_atfork(nullptr, nullptr, [] {
    generation.fetch_add(1, std::memory_order_relaxed);
    if (const Ring* to = refusals(); to != nullptr) { // whoever reads it knows no parents
      detail::write(*to, Event{.kind = Kind::process, .text = process_name()});
    }
  });
  (void)on_fork; // without memory for it a forked child's events are its parent's: no reason to go without a trace
  detail::write(*placed, Event{.kind = Kind::process, .text = process_name()});
  return {};
}

DAXEMU_START_PATH void attach_as_asked(const Asked& asked) {
  const auto named = [](const char* value) { return value != nullptr && *value != '\0'; };
  if (named(asked.ring)) {
    (void)attach(asked.ring);
  } else if (named(asked.refusals)) {
    (void)attach(asked.refusals, Extent::refusals);
  }
  if (asked.sites != nullptr) { // else not even looked at: it would be a page more
    want_sites(true);
  }
}

void detach() {
  if (taken.load()) {
    detail::ring.store(nullptr);
    detail::refusals.store(nullptr);
    std::launder(reinterpret_cast<Ring*>(storage.data()))->~Ring();
    taken.store(false);
  }
}

} // namespace daxemu::trace
