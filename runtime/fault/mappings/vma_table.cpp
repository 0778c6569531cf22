#include "runtime/fault/mappings/vma_table.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/aside.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {
namespace {

// Readers load words with acquire and writers store them with release, so that a reader that saw a word of a change
// under way sees the odd sequence number too (a fence would do the same, but ThreadSanitizer knows none).
constexpr auto kRead = std::memory_order_acquire;
constexpr auto kWrite = std::memory_order_release;

// An entry has PROT_* and the number of the policy in one half of a word; when it was linked in what a view, which is a
// pointer of a user's, and a file's number leave of two.
constexpr unsigned kProtBits = 4;
constexpr std::uint32_t kProtMask = (1U << kProtBits) - 1;
constexpr unsigned kViewBits = 48;
constexpr std::uint64_t kViewMask = (1ULL << kViewBits) - 1;
constexpr unsigned kFileBits = 11; // OpenFiles has 1024
constexpr std::size_t kFiles = 1UL << kFileBits;
constexpr std::uint32_t kFileMask = (1U << kFileBits) - 1;
constexpr unsigned kLowLinks = 32 - kFileBits; // bits of `linked` beside the file, the others beside the view

// The memory of a table: two orders, side by side, their turns, counts of the first files, the entries, and the other
// counts. The orders begin at their last places, which are in the page of the first entries: a table of a few is one
// page.
constexpr std::size_t kNear = 256; // places of each order
constexpr std::size_t kPlace = SlotOrder::kStride * sizeof(SlotOrder::Number);
constexpr std::size_t kOrdersAt = kNear * kPlace;
constexpr std::size_t kTurnsAt = kOrdersAt + SlotOrder::kMost * kPlace;
constexpr std::size_t kFilesAt = kTurnsAt + 2 * SlotOrder::kBlocks * sizeof(SlotOrder::Turn);
static_assert(SlotOrder::kMost * kPlace % kPageSize == 0);

std::uint64_t bits_of(const DeviceView* view) {
  return reinterpret_cast<std::uint64_t>(view);
}

// The highest bit of a length.
std::size_t class_of(std::uint64_t length) {
  return static_cast<std::size_t>(std::bit_width(length | 1U)) - 1;
}
std::size_t class_of(const Vma& vma) {
  return class_of(vma.end - vma.start);
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
  constexpr std::size_t kEntriesAt = kFilesAt + kNearFiles * sizeof(Count);
  constexpr std::size_t kFarFilesAt = kEntriesAt + kMost * sizeof(Entry);
  auto memory = sys::mmap_aside(kFarFilesAt + (kFiles - kNearFiles) * sizeof(Count), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (!memory) {
    return tl::unexpected(memory.error());
  }
  auto* const bytes = static_cast<std::byte*>(*memory); // all-zero memory is an array of zero atomics
  auto* const orders = reinterpret_cast<SlotOrder::Number*>(bytes + kOrdersAt);
  auto* const turns = reinterpret_cast<SlotOrder::Turn*>(bytes + kTurnsAt);
  by_address_.use(orders, turns, SlotOrder::kMost - kNear);
  by_offset_.use(orders + 1, turns + SlotOrder::kBlocks, SlotOrder::kMost - kNear);
  near_files_ = reinterpret_cast<Count*>(bytes + kFilesAt);
  far_files_ = reinterpret_cast<Count*>(bytes + kFarFilesAt);
  entries_ = reinterpret_cast<Entry*>(bytes + kEntriesAt);
  return {};
}

Vma VmaTable::read(const Entry& entry) noexcept {
  const auto& word = entry.word;
  const std::uint64_t seen = word[3].load(kRead);
  const std::uint64_t last = word[4].load(kRead);
  const std::uint64_t whence = word[5].load(kRead);
  const auto file = static_cast<std::uint32_t>(whence >> 32);
  return {word[0].load(kRead),
          word[1].load(kRead),
          word[2].load(kRead),
          reinterpret_cast<DeviceView*>(seen & kViewMask), // NOLINT(performance-no-int-to-ptr)
          static_cast<std::uint32_t>(last) & kProtMask,
          static_cast<std::uint32_t>(last >> 32),
          static_cast<std::uint32_t>(whence),
          file & kFileMask,
          static_cast<std::uint32_t>(last) >> kProtBits,
          (seen >> kViewBits) << kLowLinks | file >> kFileBits};
}

void VmaTable::write(Entry& entry, const Vma& vma) noexcept {
  auto& word = entry.word;
  const auto low = static_cast<std::uint32_t>(vma.linked << kFileBits);
  word[0].store(vma.start, kWrite);
  word[1].store(vma.end, kWrite);
  word[2].store(vma.offset, kWrite);
  word[3].store(bits_of(vma.view) | vma.linked >> kLowLinks << kViewBits, kWrite);
  word[4].store(vma.prot | vma.policy << kProtBits | static_cast<std::uint64_t>(vma.flags) << 32, kWrite);
  word[5].store(vma.skew | static_cast<std::uint64_t>(vma.file | low) << 32, kWrite);
}

Vma VmaTable::at(std::size_t index) const noexcept {
  return read(entry(index));
}

void VmaTable::add(std::size_t index, Vma vma) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  std::size_t slot = slots_used_;
  if (free_slot_ != 0) {
    slot = free_slot_ - 1;
    free_slot_ = entries_[slot].word[0].load(std::memory_order_relaxed);
  } else {
    ++slots_used_;
  }
  vma.linked = ++links_;
  write(entries_[slot], vma);
  count_of(vma.file).fetch_add(1, std::memory_order_relaxed);
  by_address_.insert(index, count, slot);
  enter_by_offset(slot, count);
  count_.store(count + 1, kWrite);
}

void VmaTable::change(std::size_t index, Vma vma, bool linked_anew) noexcept {
  const std::size_t slot = by_address_[index];
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const Vma before = read(entries_[slot]);
  vma.linked = linked_anew ? ++links_ : before.linked;
  count_of(before.file).fetch_sub(1, std::memory_order_relaxed);
  count_of(vma.file).fetch_add(1, std::memory_order_relaxed);
  if (before.view == vma.view && before.offset == vma.offset && class_of(before) == class_of(vma)) {
    write(entries_[slot], vma);
    return;
  }
  leave_by_offset(slot, count);
  write(entries_[slot], vma);
  enter_by_offset(slot, count - 1);
}

void VmaTable::remove(std::size_t index) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const std::size_t slot = by_address_[index];
  count_of(read(entries_[slot]).file).fetch_sub(1, std::memory_order_relaxed);
  leave_by_offset(slot, count);
  by_address_.erase(index, count);
  entries_[slot].word[0].store(free_slot_, kWrite);
  free_slot_ = slot + 1;
  count_.store(count - 1, kWrite);
}

VmaTable::Key VmaTable::key_of(std::size_t slot) const noexcept {
  const auto& word = entries_[slot].word;
  const std::uint64_t length = word[1].load(std::memory_order_relaxed) - word[0].load(std::memory_order_relaxed);
  return {word[3].load(std::memory_order_relaxed) & kViewMask, class_of(length),
          word[2].load(std::memory_order_relaxed), slot};
}

// The first one that does not come before `key`.
std::size_t VmaTable::lower_bound_by_offset(const Key& key, std::size_t count) const noexcept {
  std::size_t low = 0;
  const SlotOrder::Look by_offset(by_offset_);
  while (low < count) {
    const std::size_t middle = low + (count - low) / 2;
    if (key_of(by_offset[middle]) < key) {
      low = middle + 1;
    } else {
      count = middle;
    }
  }
  return low;
}

// `count`: how many others are in that order.
void VmaTable::enter_by_offset(std::size_t slot, std::size_t count) noexcept {
  const Key key = key_of(slot);
  by_offset_.insert(lower_bound_by_offset(key, count), count, slot);
  ++of_length_[key.length_class];
}

// `count`: how many there are, with it.
void VmaTable::leave_by_offset(std::size_t slot, std::size_t count) noexcept {
  const Key key = key_of(slot);
  by_offset_.erase(lower_bound_by_offset(key, count), count);
  --of_length_[key.length_class];
}

// The first entry that ends behind `address`.
std::size_t VmaTable::lower_bound(std::uint64_t address, std::size_t count) const noexcept {
  const SlotOrder::Look by_address(by_address_);
  const Entry* const entries = entries_;
  const auto end_of = [&](std::size_t index) { return entries[by_address[index]].word[1].load(kRead); };
  // A call asks many times for its place, or the next one.
  const std::size_t near = last_place_.load(std::memory_order_relaxed);
  for (std::size_t place = near == 0 ? 0 : near - 1; place < count && place <= near + 1; ++place) {
    if (end_of(place) > address) {
      if (place != near - 1 || place == 0 || end_of(place - 1) <= address) {
        return place;
      }
      break;
    }
  }
  std::size_t low = 0;
  while (low < count) {
    const std::size_t middle = low + (count - low) / 2;
    if (end_of(middle) <= address) {
      low = middle + 1;
    } else {
      count = middle;
    }
  }
  return low;
}

std::size_t VmaTable::place_for(std::uint64_t address) noexcept {
  const std::size_t place = lower_bound(address, count_.load(std::memory_order_relaxed));
  last_place_.store(place, std::memory_order_relaxed);
  return place;
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

void VmaTable::set_bounds() noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  lowest_.store(count == 0 ? UINT64_MAX : at(0).start, kWrite);
  highest_.store(count == 0 ? 0 : at(count - 1).end, kWrite);
}

VmaTable::Shown VmaTable::first_shown(const DeviceView& view, std::uint64_t begin, std::uint64_t end,
                                      std::uint64_t but) const noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  Shown lowest{end, end};
  for (std::size_t bits = 0; bits < of_length_.size() && lowest.begin != begin; ++bits) {
    if (of_length_[bits] == 0) {
      continue;
    }
    const std::uint64_t longest = UINT64_MAX >> (of_length_.size() - 1 - bits);
    const std::uint64_t from = begin > longest ? begin - longest : 0;
    for (std::size_t index = lower_bound_by_offset({bits_of(&view), bits, from, 0}, count); index < count; ++index) {
      const Key key = key_of(by_offset_[index]);
      if (key.view != bits_of(&view) || key.length_class != bits || key.offset >= lowest.begin) {
        break;
      }
      const auto& word = entries_[key.slot].word;
      const std::uint64_t start = word[0].load(std::memory_order_relaxed);
      const std::uint64_t behind = key.offset + (word[1].load(std::memory_order_relaxed) - start);
      if (behind > begin && start != but) {
        lowest = {std::max(begin, key.offset), std::min(end, behind)};
        break;
      }
    }
  }
  return lowest;
}

Result<void> VmaTable::insert(const Vma& vma) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  if (count >= kMost) {
    return fail(ENOMEM);
  }
  const Writing writing(*this);
  add(place_for(vma.start), vma);
  return {};
}

Result<void> VmaTable::split(std::uint64_t address) noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const std::size_t index = place_for(address);
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
  const std::size_t index = place_for(address);
  if (index >= count || at(index).start >= address) {
    return;
  }
  const Vma whole = at(index);
  change(index, whole.part(whole.start, address), true);
  add(index + 1, whole.part(address, whole.end));
}

Result<void> VmaTable::erase(std::uint64_t start, std::uint64_t end) noexcept {
  for (const std::uint64_t edge : {start, end}) {
    if (auto cut = split(edge); !cut) {
      return cut;
    }
  }
  const Writing writing(*this);
  const std::size_t first = place_for(start);
  while (first < count_.load(std::memory_order_relaxed) && at(first).start < end) {
    remove(first);
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
  const std::size_t first = place_for(grown.start);
  while (first < count_.load(std::memory_order_relaxed) && at(first).start < grown.end) {
    const Vma gone = at(first);
    if (gone.end > part.start && gone.start < part.end) {
      grown.flags |= gone.flags & kOurFlags;
    }
    remove(first);
  }
  add(first, grown);
  return true;
}

void VmaTable::update(const Vma& vma) noexcept {
  const Writing writing(*this);
  change(place_for(vma.start), vma, false);
}

} // namespace daxemu::fault
