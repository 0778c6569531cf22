#include "runtime/fault/mappings/vma_table.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/aside.hpp"
#include "emu/base/sys.hpp"

namespace daxemu::fault {
namespace {

// Readers load words with acquire and writers store them with release, so that a reader that saw a word of a change
// under way sees the odd sequence number too (a fence would do the same, but ThreadSanitizer knows none).
constexpr auto kRead = std::memory_order_acquire;
constexpr auto kWrite = std::memory_order_release;

// An entry has PROT_* and the number of the policy in one half of a word.
constexpr unsigned kProtBits = 4;
constexpr std::uint32_t kProtMask = (1U << kProtBits) - 1;

// Which side of a gap moves: the shorter one. A table of a few stays on its first page.
bool moves_low(std::size_t index, std::size_t count) {
  constexpr std::size_t kFew = 64;
  return count >= kFew && index < count / 2;
}

} // namespace

class VmaTable::Writing {
public:
  explicit Writing(VmaTable& table) : table_(table) { table_.sequence_.fetch_add(1, std::memory_order_acq_rel); }
  ~Writing() {
    table_.set_bounds();
    table_.sequence_.fetch_add(1, std::memory_order_acq_rel);
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

private:
  VmaTable& table_;
};

Result<void> VmaTable::reserve() {
  if (entries_ != nullptr) {
    return {};
  }
  auto memory =
      sys::mmap_aside(kMost * sizeof(Entry), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (!memory) {
    return tl::unexpected(memory.error());
  }
  entries_ = static_cast<Entry*>(*memory); // all-zero memory is an array of zero atomics
  return {};
}

Vma VmaTable::at(std::size_t index) const noexcept {
  const auto& word = entry(index).word;
  const std::uint64_t last = word[4].load(kRead);
  const std::uint64_t whence = word[5].load(kRead);
  return {word[0].load(kRead),
          word[1].load(kRead),
          word[2].load(kRead),
          reinterpret_cast<DeviceView*>(word[3].load(kRead)),
          static_cast<std::uint32_t>(last) & kProtMask,
          static_cast<std::uint32_t>(last >> 32),
          static_cast<std::uint32_t>(whence),
          static_cast<std::uint32_t>(whence >> 32),
          static_cast<std::uint32_t>(last) >> kProtBits,
          word[6].load(kRead)};
}

void VmaTable::put(std::size_t index, const Vma& vma) noexcept {
  auto& word = entry(index).word;
  word[0].store(vma.start, kWrite);
  word[1].store(vma.end, kWrite);
  word[2].store(vma.offset, kWrite);
  word[3].store(reinterpret_cast<std::uint64_t>(vma.view), kWrite);
  word[4].store(vma.prot | vma.policy << kProtBits | static_cast<std::uint64_t>(vma.flags) << 32, kWrite);
  word[5].store(vma.skew | static_cast<std::uint64_t>(vma.file) << 32, kWrite);
  word[6].store(vma.linked, kWrite);
}

void VmaTable::link(std::size_t index, Vma vma) noexcept {
  vma.linked = ++links_;
  put(index, vma);
}

void VmaTable::copy(std::size_t to, std::size_t from) noexcept {
  Entry& there = entry(to);
  const Entry& here = entry(from);
  for (std::size_t at = 0; at < there.word.size(); ++at) {
    there.word[at].store(here.word[at].load(kRead), kWrite);
  }
}

// The first entry that ends behind `address`.
std::size_t VmaTable::lower_bound(std::uint64_t address, std::size_t count) const noexcept {
  std::size_t low = 0;
  while (low < count) {
    const std::size_t middle = low + (count - low) / 2;
    if (entry(middle).word[1].load(kRead) <= address) {
      low = middle + 1;
    } else {
      count = middle;
    }
  }
  return low;
}

std::optional<Vma> VmaTable::first_from(std::uint64_t start, std::uint64_t end) const noexcept {
  for (unsigned tries = 0;; ++tries) {
    const std::uint64_t before = sequence_.load(std::memory_order_acquire);
    if ((before & 1) == 0) {
      const std::size_t count = std::min(count_.load(kRead), kMost);
      const std::size_t index = count == 0 ? 0 : lower_bound(start, count);
      std::optional<Vma> found;
      if (index < count) {
        if (const Vma vma = at(index); vma.start < end) {
          found = vma;
        }
      }
      if (sequence_.load(std::memory_order_acquire) == before) {
        return found;
      }
    }
    if (tries > 64) { // the writer lost its CPU
      (void)sys::call(SYS_sched_yield);
    }
  }
}

void VmaTable::open_gap(std::size_t index) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  if (moves_low(index, count)) {
    head_.store((head_.load(std::memory_order_relaxed) - 1) & (kMost - 1), kWrite);
    for (std::size_t at = 0; at < index; ++at) {
      copy(at, at + 1);
    }
  } else {
    for (std::size_t at = count; at > index; --at) {
      copy(at, at - 1);
    }
  }
  count_.store(count + 1, kWrite);
}

void VmaTable::close_gap(std::size_t index) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  if (moves_low(index, count)) {
    for (std::size_t at = index; at > 0; --at) {
      copy(at, at - 1);
    }
    head_.store((head_.load(std::memory_order_relaxed) + 1) & (kMost - 1), kWrite);
  } else {
    for (std::size_t at = index; at + 1 < count; ++at) {
      copy(at, at + 1);
    }
  }
  count_.store(count - 1, kWrite);
}

void VmaTable::set_bounds() noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  lowest_.store(count == 0 ? UINT64_MAX : at(0).start, kWrite);
  highest_.store(count == 0 ? 0 : at(count - 1).end, kWrite);
}

VmaTable::Shown VmaTable::first_shown(const DeviceView& view, std::uint64_t begin, std::uint64_t end,
                                      std::uint64_t but) const noexcept {
  Shown first{end, end};
  const std::size_t count = count_.load(std::memory_order_relaxed);
  for (std::size_t index = 0; index < count && first.begin > begin; ++index) {
    const auto& word = entry(index).word;
    const std::uint64_t offset = word[2].load(kRead);
    if (offset >= first.begin || word[3].load(kRead) != reinterpret_cast<std::uint64_t>(&view)) {
      continue;
    }
    const std::uint64_t start = word[0].load(kRead);
    const std::uint64_t behind = offset + (word[1].load(kRead) - start);
    if (behind > begin && start != but) {
      first = {std::max(begin, offset), std::min(end, behind)};
    }
  }
  return first;
}

Result<void> VmaTable::insert(const Vma& vma) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  if (count >= kMost) {
    return fail(ENOMEM);
  }
  const Writing writing(*this);
  const std::size_t index = lower_bound(vma.start, count);
  open_gap(index);
  link(index, vma);
  return {};
}

Result<void> VmaTable::split(std::uint64_t address) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const std::size_t index = lower_bound(address, count);
  if (index >= count || at(index).start >= address) {
    return {};
  }
  if (count >= kMost) {
    return fail(ENOMEM);
  }
  const Writing writing(*this);
  cut(address);
  return {};
}

// Inside a Writing, with room for an entry.
void VmaTable::cut(std::uint64_t address) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const std::size_t index = lower_bound(address, count);
  if (index >= count || at(index).start >= address) {
    return;
  }
  const Vma whole = at(index);
  open_gap(index);
  link(index, whole.part(whole.start, address));
  link(index + 1, whole.part(address, whole.end));
}

Result<void> VmaTable::erase(std::uint64_t start, std::uint64_t end) noexcept {
  for (const std::uint64_t edge : {start, end}) {
    if (auto cut = split(edge); !cut) {
      return cut;
    }
  }
  const Writing writing(*this);
  const std::size_t first = lower_bound(start, count_.load(std::memory_order_relaxed));
  while (first < count_.load(std::memory_order_relaxed) && at(first).start < end) {
    close_gap(first);
  }
  return {};
}

bool VmaTable::join(const Vma& part) noexcept {
  const auto before = find(part.start - 1);
  const auto behind = find(part.end);
  const bool low = before && before->end == part.start && before->continues_as(part);
  const bool high = behind && behind->start == part.end && part.continues_as(*behind);
  if (!low && !high) {
    return false;
  }
  if (count_.load(std::memory_order_relaxed) + 2 > kMost) {
    return false;
  }
  Vma grown = part;
  if (low) {
    grown = before->part(before->start, part.end);
    grown.flags |= part.flags & kOurFlags & ~kBroken; // settle() finds out by itself
  }
  if (high) {
    grown.flags |= behind->flags & kOurFlags;
    grown.end = behind->end;
  }
  const Writing writing(*this);
  cut(grown.start); // the range may be the tail or the head of a mapping
  cut(grown.end);
  const std::size_t first = lower_bound(grown.start, count_.load(std::memory_order_relaxed));
  while (first < count_.load(std::memory_order_relaxed) && at(first).start < grown.end) {
    const Vma gone = at(first);
    if (gone.end > part.start && gone.start < part.end) {
      grown.flags |= gone.flags & kOurFlags;
    }
    close_gap(first);
  }
  open_gap(first);
  link(first, grown);
  return true;
}

void VmaTable::update(const Vma& vma) noexcept {
  const Writing writing(*this);
  const std::size_t index = lower_bound(vma.start, count_.load(std::memory_order_relaxed));
  Vma now = vma;
  now.linked = at(index).linked;
  put(index, now);
}

} // namespace daxemu::fault
