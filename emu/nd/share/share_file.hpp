// Memdevs that several platforms have, as hosts have a device with several heads: what belongs to such a device (its
// media, its label area, its media errors) is the same for all, what belongs to a host (ports, decoders, regions, what
// they become) is each one's own. Files that all of them hold open have the bytes; this one says who they are, which of
// the files has which device addresses right now (share/stretches.hpp), and which of them are poisoned.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "emu/base/kernel/file_lock.hpp"
#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/base/text/fixed_string.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

inline constexpr std::size_t kMaxShareMembers = 16;
inline constexpr std::size_t kMaxStretches = 24;

// A platform.
struct ShareMember {
  std::uint32_t used = 0;
  std::uint32_t is_kept = 0; // 1: it outlives processes; 0: it is there while its daxemu run has a mark (share_mark)
  FixedString<64> name;
  FixedString<128> location; // of its store, for the others
};

// Device addresses that regions have made a device of (or a disk), dealt out as in such a region: the same memdevs in
// the same order from the same addresses on. Of one way the granularity says nothing, and is 0.
struct StretchKey {
  std::uint32_t ways = 0;
  std::uint32_t granularity = 0; // bytes
  std::array<std::uint32_t, store::kMaxCxlWays>
      memdevs{};                                          // share numbers by position; kOwnMemdev + N: the platform's N
  std::array<std::uint64_t, store::kMaxCxlWays> starts{}; // device address of the first byte of each
  bool operator==(const StretchKey&) const = default;
};
inline constexpr std::uint32_t kOwnMemdev = 1U << 31U;

enum class StretchState : std::uint32_t { free, device, disk };
struct Stretch {
  StretchState state = StretchState::free;
  std::uint32_t reserved = 0;
  std::uint64_t members = 0; // who has it: a bit for each
  std::uint64_t size = 0;    // bytes in its file
  StretchKey key;
};

struct SharePoison {
  std::uint32_t count = 0;
  std::uint32_t reserved = 0;
  std::array<store::CxlPoisonRecord, store::kMaxCxlPoison> entries{};
};

inline constexpr std::array<char, 8> kShareMagic = {'D', 'A', 'X', 'S', 'H', 'A', 'R', '1'};
struct ShareState {
  std::array<char, 8> magic{};
  std::atomic<std::uint64_t> poisoned{0}; // grows with every change of `poison`
  std::array<ShareMember, kMaxShareMembers> members{};
  std::array<Stretch, kMaxStretches> stretches{};
  std::array<SharePoison, store::kMaxCxlMemdevs> poison{}; // by share number - 1
};

// The byte of the file that marks a member that is there; the one before them all is the lock.
[[nodiscard]] constexpr std::int64_t share_mark(std::size_t member) {
  return 1 + static_cast<std::int64_t>(member);
}

// The state, for who holds its lock: nobody else changes it. Taken inside of a Change, and for as long as bytes are
// moved. Whoever has it has also done away with members that have died.
class Share {
public:
  // Errors: ENOENT (the platform shares nothing), ENOMEM (its file cannot be had).
  [[nodiscard]] static Result<Share> enter(const store::Store& store);
  // Of the file itself, without a platform that is in it yet. Errors: as above, EPROTO (no such file).
  [[nodiscard]] static Result<Share> enter(int file);

  [[nodiscard]] ShareState& state() const { return *static_cast<ShareState*>(mapping_.data()); }

private:
  Share(Mapping mapping, FileLock lock) : mapping_(std::move(mapping)), lock_(std::move(lock)) {}
  Mapping mapping_;
  FileLock lock_; // ends first
};

[[nodiscard]] inline bool is_shared(const store::Store& store) {
  return !store.platform().share.empty();
}
// It has nothing of the share any more. What was its alone nobody has: its bytes stay until somebody needs the
// addresses.
void forget_member(ShareState& state, std::size_t member);
// The memdev of that share number (or, with kOwnMemdev, the platform's own); nullptr: the platform has none.
[[nodiscard]] store::CxlMemdevRecord* memdev_of_share(const store::Store& store, std::uint32_t number);
// Of which file of the platform's a stretch is; nullptr: of none.
[[nodiscard]] store::BackingSlot* slot_of_stretch(const store::Store& store, std::size_t stretch);

} // namespace daxemu::nd
