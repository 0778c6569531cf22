// The mappings of this process, sorted by address. Readers take no lock and allocate nothing (the fault path is one);
// writers hold the TableLock. Lives in memory of its own, reserved once, so neither malloc nor the program's address
// space layout decides whether a fault can be served.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "emu/base/result.hpp"
#include "runtime/fault/mappings/vma.hpp"

namespace daxemu::fault {

class VmaTable {
public:
  // As many as the kernel would allow a process by default (vm.max_map_count).
  static constexpr std::size_t kMost = 65536; // a power of two: see entry()

  // Reserves the table's memory; again: nothing. Errors: ENOMEM.
  Result<void> reserve();

  // Lock-free; a comparison or two when nothing of ours is near.
  [[nodiscard]] bool overlaps(std::uint64_t start, std::uint64_t end) const noexcept {
    return start < highest_.load(std::memory_order_acquire) && end > lowest_.load(std::memory_order_acquire) &&
           first_from(start, end).has_value();
  }
  [[nodiscard]] std::optional<Vma> find(std::uint64_t address) const noexcept {
    return first_from(address, address + 1);
  }
  // The lowest mapping that has bytes in [start, end). Lock-free.
  [[nodiscard]] std::optional<Vma> first_from(std::uint64_t start, std::uint64_t end) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return count_.load(std::memory_order_acquire); }

  // Under the lock from here on.
  // `vma` overlaps none. Errors: ENOMEM (kMost).
  Result<void> insert(const Vma& vma) noexcept;
  // Cuts [start, end) out of whatever is there. Errors: ENOMEM (a hole in the middle of the last free entry's worth).
  Result<void> erase(std::uint64_t start, std::uint64_t end) noexcept;
  // Replaces the mapping that begins at vma.start by `vma`, which may not grow into another.
  void update(const Vma& vma) noexcept;
  // Makes `at` a boundary between mappings if it is inside one. Errors: ENOMEM.
  Result<void> split(std::uint64_t at) noexcept;
  // vma_merge() of mm/mmap.c: if a neighbour can grow over `part` (no mapping yet, or what is to become of the range
  // [part.start, part.end) of the mappings that are there), it does, and what was there is cut without asking anybody.
  // False: none can, nothing has changed.
  bool join(const Vma& part) noexcept;
  [[nodiscard]] Vma at(std::size_t index) const noexcept;
  // What mappings of `view` but the one at `but` show of its bytes [begin, end), the lowest piece; an empty one at
  // `end` if they show none. All mappings are looked at, and of each as little as will do.
  struct Shown {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  [[nodiscard]] Shown first_shown(const DeviceView& view, std::uint64_t begin, std::uint64_t end,
                                  std::uint64_t but) const noexcept;

private:
  struct Entry {
    std::array<std::atomic<std::uint64_t>, 7> word;
  };
  class Writing;

  [[nodiscard]] std::size_t lower_bound(std::uint64_t address, std::size_t count) const noexcept;
  void put(std::size_t index, const Vma& vma) noexcept;
  // Puts it as one whose place in the file's tree is new (Vma::linked).
  void link(std::size_t index, Vma vma) noexcept;
  void copy(std::size_t to, std::size_t from) noexcept;
  void cut(std::uint64_t at) noexcept;
  // The entry at `index` of those in order. Readers too: whatever a change under way lets them see, it is inside.
  [[nodiscard]] Entry& entry(std::size_t index) const noexcept {
    return entries_[(head_.load(std::memory_order_acquire) + index) & (kMost - 1)];
  }
  void open_gap(std::size_t index) noexcept;
  void close_gap(std::size_t index) noexcept;
  void set_bounds() noexcept;

  // A ring: the kernel places a new mapping below the ones that are there, so the lowest entries come and go most.
  Entry* entries_ = nullptr;
  std::atomic<std::size_t> head_{0}; // where the lowest is
  std::uint64_t links_ = 0;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint64_t> sequence_{0}; // odd while a writer is at it
  std::atomic<std::uint64_t> lowest_{UINT64_MAX};
  std::atomic<std::uint64_t> highest_{0};
};

} // namespace daxemu::fault
