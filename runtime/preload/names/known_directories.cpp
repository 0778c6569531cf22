#include "runtime/preload/names/known_directories.hpp"

#include <ctime>

#include "emu/base/program/at_start.hpp"
#include "emu/base/text/text_hash.hpp"

namespace daxemu::preload {
namespace {

constexpr std::uint64_t kSecondBits = 16;
constexpr std::uint64_t kSecondMask = (1U << kSecondBits) - 1;

std::uint64_t hash_of(std::string_view path) {
  return text_hash(path) | (1ULL << kSecondBits); // never 0 above the seconds
}

std::uint64_t second() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now); // vDSO
  return static_cast<std::uint64_t>(now.tv_sec) & kSecondMask;
}

} // namespace

DAXEMU_START_PATH bool KnownDirectories::contains(std::string_view path) const noexcept {
  const std::uint64_t hash = hash_of(path);
  const std::uint64_t noted = slots_[(hash >> 40) % kSlots].load(std::memory_order_relaxed);
  return (noted & ~kSecondMask) == (hash & ~kSecondMask) && (noted & kSecondMask) == second();
}

DAXEMU_START_PATH void KnownDirectories::note(std::string_view path) noexcept {
  const std::uint64_t hash = hash_of(path);
  slots_[(hash >> 40) % kSlots].store((hash & ~kSecondMask) | second(), std::memory_order_relaxed);
}

} // namespace daxemu::preload
