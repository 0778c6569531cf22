#include "emu/sysfs/tree/known_paths.hpp"

#include <cstring>

namespace daxemu::sysfs {

KnownPaths::Slot* KnownPaths::take(std::uint64_t hash) noexcept {
  Slot& slot = slots_[(hash >> 40U) % kSlots];
  return slot.taken.exchange(true, std::memory_order_acquire) ? nullptr : &slot;
}

bool KnownPaths::recall(std::string_view path, std::uint64_t hash, std::uint64_t sequence, Found& found) noexcept {
  Slot* const slot = take(hash);
  if (slot == nullptr) {
    return false;
  }
  bool known = slot->length != 0 && slot->hash == hash && slot->sequence == sequence &&
               slot->time == times_.load(std::memory_order_relaxed) && slot->length == path.size() &&
               std::memcmp(slot->path.data(), path.data(), path.size()) == 0;
  if (known) {
    Found there;
    std::memcpy(static_cast<void*>(&there), slot->found.data(), sizeof there);
    known = there.scope.store == found.scope.store;
    found = known ? there : found;
  }
  slot->taken.store(false, std::memory_order_release);
  return known;
}

void KnownPaths::note(std::string_view path, std::uint64_t hash, std::uint64_t sequence, const Found& found) noexcept {
  Slot* const slot = path.size() > kLongest ? nullptr : take(hash);
  if (slot == nullptr) {
    return;
  }
  slot->hash = hash;
  slot->sequence = sequence;
  slot->time = times_.load(std::memory_order_relaxed);
  slot->length = static_cast<std::uint8_t>(path.size());
  std::memcpy(slot->path.data(), path.data(), path.size());
  std::memcpy(slot->found.data(), static_cast<const void*>(&found), sizeof found);
  slot->taken.store(false, std::memory_order_release);
}

} // namespace daxemu::sysfs
