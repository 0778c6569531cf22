// The mappings of this process, sorted by address. Readers take no lock and allocate nothing (the fault path is one);
// writers hold the TableLock. Lives in memory of its own, reserved once, so neither malloc nor the program's address
// space layout decides whether a fault can be served.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>

#include "emu/base/result.hpp"
#include "runtime/fault/mappings/slot_order.hpp"
#include "runtime/fault/mappings/vma.hpp"

namespace daxemu::fault {

class VmaTable {
public:
  // As many as the kernel would allow a process by default (vm.max_map_count).
  static constexpr std::size_t kMost = SlotOrder::kMost;

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
  // Is a mapping of that open file (Vma::file)?
  [[nodiscard]] bool has_file(std::uint32_t file) const noexcept {
    return near_files_ != nullptr && count_of(file).load(std::memory_order_relaxed) != 0;
  }
  // What mappings of `view` but the one at `but` show of its bytes [begin, end), the lowest piece; an empty one at
  // `end` if they show none. Of the view's others, those of each class of lengths are looked at that begin before what
  // was found, and not before `begin` by more than such a one can be long.
  struct Shown {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  [[nodiscard]] Shown first_shown(const DeviceView& view, std::uint64_t begin, std::uint64_t end,
                                  std::uint64_t but) const noexcept;

private:
  struct Entry {
    std::array<std::atomic<std::uint64_t>, 6> word;
  };
  class Writing;

  [[nodiscard]] std::size_t lower_bound(std::uint64_t address, std::size_t count) const noexcept;
  // The same, and remembered, for who writes.
  [[nodiscard]] std::size_t place_for(std::uint64_t address) noexcept;
  // The entry at `index` of those in order of address. Readers too: whatever a change under way lets them see, it is
  // one of ours.
  [[nodiscard]] Entry& entry(std::size_t index) const noexcept { return entries_[by_address_[index]]; }
  [[nodiscard]] static Vma read(const Entry& entry) noexcept;
  static void write(Entry& entry, const Vma& vma) noexcept;
  // Inside a Writing, with room for one more. Its place in the file's tree is a new one (Vma::linked).
  void add(std::size_t index, Vma vma) noexcept;
  void change(std::size_t index, Vma vma, bool linked_anew) noexcept;
  void remove(std::size_t index) noexcept;
  void cut(std::uint64_t at) noexcept;
  void set_bounds() noexcept;

  // By what is mapped: by view, then by how many bits the length has, then by offset. So a long mapping, or another
  // view's, makes no search among short ones longer.
  struct Key {
    std::uint64_t view;
    std::size_t length_class;
    std::uint64_t offset;
    std::size_t slot; // so that no two are equal
    bool operator<(const Key& other) const noexcept {
      return std::tie(view, length_class, offset, slot) <
             std::tie(other.view, other.length_class, other.offset, other.slot);
    }
  };
  [[nodiscard]] Key key_of(std::size_t slot) const noexcept;
  [[nodiscard]] std::size_t lower_bound_by_offset(const Key& key, std::size_t count) const noexcept;
  void enter_by_offset(std::size_t slot, std::size_t count) noexcept;
  void leave_by_offset(std::size_t slot, std::size_t count) noexcept;

  // How many mappings are of an open file. The first numbers lie in the page that a table of a few needs anyway.
  using Count = std::atomic<std::uint32_t>;
  static constexpr std::size_t kNearFiles = 64;
  [[nodiscard]] Count& count_of(std::uint32_t file) const noexcept {
    return file < kNearFiles ? near_files_[file] : far_files_[file - kNearFiles];
  }

  // Each mapping has a slot as long as it is there, and two orders say which is where.
  Entry* entries_ = nullptr;
  Count* near_files_ = nullptr;
  Count* far_files_ = nullptr;
  SlotOrder by_address_;
  SlotOrder by_offset_; // for writers
  std::size_t slots_used_ = 0;
  std::size_t free_slot_ = 0;                 // + 1; the next one is in its first word. 0: none
  std::array<std::uint32_t, 64> of_length_{}; // how many mappings have a length of so many bits
  std::uint64_t links_ = 0;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::size_t> last_place_{0}; // of a writer: readers look there first, and write nothing
  std::atomic<std::uint64_t> sequence_{0}; // odd while a writer is at it
  std::atomic<std::uint64_t> lowest_{UINT64_MAX};
  std::atomic<std::uint64_t> highest_{0};
};

} // namespace daxemu::fault
