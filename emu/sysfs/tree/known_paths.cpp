#include "emu/sysfs/tree/known_paths.hpp"

#include <cstring>

namespace daxemu::sysfs {
namespace {

// Not memcmp() and memcpy(): in a program under ThreadSanitizer these are its own, which see neither that a slot is
// taken nor that it is given back, and report a race where there is none.
std::uint64_t word_at(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word); // of a known size: no call
  return word;
}
bool are_same(const char* one, const char* other, std::size_t length) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  for (std::size_t at = 0; at + kWord < length; at += kWord) {
    if (word_at(one + at) != word_at(other + at)) {
      return false;
    }
  }
  if (length >= kWord) {
    return word_at(one + length - kWord) == word_at(other + length - kWord);
  }
  for (std::size_t at = 0; at < length; ++at) {
    if (one[at] != other[at]) {
      return false;
    }
  }
  return true;
}

void copy(char* to, const char* from, std::size_t length) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory"); // a loop would be memcpy() again
}

} // namespace

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
               are_same(slot->path.data(), path.data(), path.size());
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
  copy(slot->path.data(), path.data(), path.size());
  std::memcpy(slot->found.data(), static_cast<const void*>(&found), sizeof found);
  slot->taken.store(false, std::memory_order_release);
}

} // namespace daxemu::sysfs
