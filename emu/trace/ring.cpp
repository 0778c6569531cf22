#include "emu/trace/ring.hpp"

#include <algorithm>
#include <bit>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/valgrind.hpp"
#include "emu/base/units.hpp"

namespace daxemu::trace {
namespace {

constexpr std::array<char, 8> kMagic = {'D', 'A', 'X', 'T', 'R', 'C', '\r', '\n'};
constexpr std::uint32_t kVersion = 1; // grows when Event or the header changes its layout
constexpr std::uint64_t kMaxCapacity = 1ULL << 24;

using Words = std::array<std::uint64_t, 15>;
static_assert(sizeof(Words) == sizeof(Event));

} // namespace

// The first page of the file. `next` and `lost` are written by everybody: a cache line each.
struct Ring::Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t event_size;
  std::uint64_t capacity;
  alignas(64) std::atomic<std::uint64_t> next;
  alignas(64) std::atomic<std::uint64_t> lost;
};

Ring::Ring(Mapping mapping) : mapping_(std::move(mapping)), mask_(header().capacity - 1) {}

Ring::Header& Ring::header() const {
  return *static_cast<Header*>(mapping_.data());
}

Ring::Slot& Ring::slot_of(std::uint64_t ticket) const {
  return reinterpret_cast<Slot*>(mapping_.bytes().data() + kPageSize)[ticket & mask_];
}

Result<Ring> Ring::create(int fd, std::uint64_t capacity) {
  if (capacity == 0 || capacity > kMaxCapacity) {
    return fail(EINVAL);
  }
  const std::uint64_t slots = std::bit_ceil(capacity);
  const std::uint64_t size = kPageSize + slots * sizeof(Slot);
  if (auto sized = sys::ftruncate(fd, size); !sized) {
    return tl::unexpected(sized.error());
  }
  auto mapping = Mapping::of(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  auto& header = *static_cast<Header*>(mapping->data()); // a new file is zero: so are `next`, `lost` and every stamp
  header.version = kVersion;
  header.event_size = sizeof(Event);
  header.capacity = slots;
  header.magic = kMagic;
  return Ring(std::move(*mapping));
}

Result<Ring> Ring::map(int fd) {
  const auto st = sys::fstat(fd);
  if (!st) {
    return tl::unexpected(st.error());
  }
  const auto size = static_cast<std::uint64_t>(st->st_size);
  if (!S_ISREG(st->st_mode) || size < kPageSize) {
    return fail(EPROTO);
  }
  auto mapping = Mapping::of(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  sys::keep_race_checkers_off(mapping->data(), mapping->size());
  const auto& header = *static_cast<const Header*>(mapping->data());
  if (header.magic != kMagic || header.version != kVersion || header.event_size != sizeof(Event) ||
      !std::has_single_bit(header.capacity) || header.capacity > kMaxCapacity ||
      size != kPageSize + header.capacity * sizeof(Slot)) {
    return fail(EPROTO);
  }
  return Ring(std::move(*mapping));
}

Result<Ring> Ring::open(const char* path) {
  auto raw = sys::open(path, O_RDWR | O_CLOEXEC);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  const UniqueFd fd(*raw);
  return map(fd.get());
}

void Ring::fill(Slot& slot, const Event& event, std::uint64_t stamp) {
  const auto words = std::bit_cast<Words>(event);
  for (std::size_t at = 0; at < words.size(); ++at) {
    slot.words[at + 1].store(words[at], std::memory_order_release); // a reader who sees it sees the odd stamp too
  }
  slot.words[0].store(stamp, std::memory_order_release);
}

std::uint64_t Ring::write(const Event& event) const {
  const std::uint64_t ticket = header().next.fetch_add(1, std::memory_order_relaxed);
  Slot& slot = slot_of(ticket);
  const std::uint64_t done = 2 * (ticket + 1);
  std::uint64_t stamp = slot.words[0].load(std::memory_order_relaxed);
  // Someone is in the slot (odd), or was here a lap ahead of us: he keeps it. Waiting is no choice, he may be dead.
  if (stamp % 2 == 1 || stamp > done ||
      !slot.words[0].compare_exchange_strong(stamp, done - 1, std::memory_order_acquire, std::memory_order_relaxed)) {
    header().lost.fetch_add(1, std::memory_order_relaxed);
    return 0;
  }
  fill(slot, event, done);
  return ticket + 1;
}

void Ring::rewrite(std::uint64_t place, const Event& event) const {
  if (place == 0) {
    return;
  }
  Slot& slot = slot_of(place - 1);
  std::uint64_t stamp = 2 * place;
  if (slot.words[0].compare_exchange_strong(stamp, stamp - 1, std::memory_order_acquire, std::memory_order_relaxed)) {
    fill(slot, event, 2 * place);
  }
}

std::optional<Event> Ring::copy_of(const Slot& slot, std::uint64_t stamp) {
  Words words{};
  for (std::size_t at = 0; at < words.size(); ++at) {
    words[at] = slot.words[at + 1].load(std::memory_order_acquire);
  }
  return slot.words[0].load(std::memory_order_relaxed) == stamp ? std::optional(std::bit_cast<Event>(words))
                                                                : std::nullopt;
}

Ring::Fresh Ring::read_on(std::uint64_t& next, bool last) const {
  Fresh fresh;
  const std::uint64_t written = header().next.load(std::memory_order_acquire);
  if (written - next > capacity()) {
    fresh.missed = written - capacity() - next;
    next += fresh.missed;
  }
  for (; next < written; ++next) {
    const Slot& slot = slot_of(next);
    const std::uint64_t done = 2 * (next + 1);
    const std::uint64_t stamp = slot.words[0].load(std::memory_order_acquire);
    if (stamp < done && !last) {
      break;
    }
    const auto event = stamp == done ? copy_of(slot, stamp) : std::nullopt;
    if (event) {
      fresh.events.push_back(*event);
    } else {
      ++fresh.missed;
    }
  }
  return fresh;
}

Ring::Contents Ring::read() const {
  Contents contents;
  contents.written = header().next.load(std::memory_order_acquire);
  contents.lost = header().lost.load(std::memory_order_relaxed);
  const std::uint64_t kept = std::min(contents.written, capacity());
  contents.overwritten = contents.written - kept;
  contents.events.reserve(kept);
  for (std::uint64_t ticket = contents.overwritten; ticket < contents.written; ++ticket) {
    const Slot& slot = slot_of(ticket);
    const std::uint64_t stamp = slot.words[0].load(std::memory_order_acquire);
    if (stamp == 0 || stamp % 2 == 1) {
      continue;
    }
    if (const auto event = copy_of(slot, stamp); event) {
      contents.events.push_back(*event);
    }
  }
  std::stable_sort(contents.events.begin(), contents.events.end(),
                   [](const Event& a, const Event& b) { return a.begin_ns < b.begin_ns; });
  return contents;
}

} // namespace daxemu::trace
