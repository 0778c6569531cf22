// Where paths led to a moment ago, for whoever asks a tree many questions: as long as nobody has changed the
// configuration (Platform::sequence), they lead there still. A path that begins as a known one goes on from there.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "emu/sysfs/tree/resolve.hpp"

namespace daxemu::sysfs {

// May be asked by any thread and in signal handlers: nobody waits, and what somebody else is at is not known. A
// variable of static storage costs no memory before it is used.
class KnownPaths {
public:
  // What `path` (of that text_hash()) led to when Platform::sequence was `sequence`, if that is known of the store in
  // `found`'s scope.
  [[nodiscard]] bool recall(std::string_view path, std::uint64_t hash, std::uint64_t sequence, Found& found) noexcept;
  void note(std::string_view path, std::uint64_t hash, std::uint64_t sequence, const Found& found) noexcept;
  // Another store may be where one was.
  void forget() noexcept { times_.fetch_add(1, std::memory_order_relaxed); }

private:
  static constexpr std::size_t kSlots = 128;
  static constexpr std::size_t kLongest = 255;
  static_assert(std::is_trivially_copyable_v<Found>);

  // One that its user has not given back (a child of fork(2) has what another thread was at) is never known again.
  struct Slot {
    std::atomic<bool> taken{false};
    std::uint8_t length = 0; // of the path; 0: nothing is known
    std::array<char, kLongest> path{};
    std::uint64_t hash = 0;
    std::uint64_t sequence = 0;
    std::uint64_t time = 0;
    alignas(Found) std::array<std::byte, sizeof(Found)> found{};
  };
  [[nodiscard]] Slot* take(std::uint64_t hash) noexcept;

  std::atomic<std::uint64_t> times_{0};
  std::array<Slot, kSlots> slots_{};
};

} // namespace daxemu::sysfs
