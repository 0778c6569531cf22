#include "runtime/fault/mappings/open_files.hpp"

#include <algorithm>
#include <utility>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/aside.hpp"
#include "emu/base/units.hpp"
#include "runtime/fault/mappings/vma_table.hpp"
#include "runtime/fault/memory/locked_memory.hpp"

namespace daxemu::fault {
namespace {

// For each file: its page, one for a trial, and one that keeps the next file's apart.
constexpr std::uint64_t kPagesEach = 3;

void* page_at(std::uint64_t address) {
  return reinterpret_cast<void*>(address); // NOLINT(performance-no-int-to-ptr)
}

// A page of ours counts as none of the program's locked ones.
Result<void*> map_page(std::uint64_t address, int flags, int fd, std::uint64_t offset) {
  auto mapped =
      sys::mmap(page_at(address), kPageSize, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED | flags, fd, offset);
  if (mapped && LockedMemory::future()) {
    (void)sys::call(SYS_munlock, static_cast<long>(address), kPageSize);
  }
  return mapped;
}

bool keep_at(std::uint64_t address, int fd, std::uint64_t offset) {
  return map_page(address, 0, fd, offset).has_value();
}

// Back to what the arena is made of.
void clear_at(std::uint64_t address) {
  (void)map_page(address, MAP_ANONYMOUS, -1, 0);
}

} // namespace

std::uint64_t OpenFiles::place_of(std::uint32_t number) const noexcept {
  return arena_ + (number - 1) * kPagesEach * kPageSize;
}

bool OpenFiles::reserve() noexcept {
  if (arena_ == 0) {
    const auto memory =
        sys::mmap_aside(kMost * kPagesEach * kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
    arena_ = memory ? reinterpret_cast<std::uint64_t>(*memory) : 0;
  }
  return arena_ != 0;
}

// The kernel knows whether two descriptors are of one open file, and says so unasked: it makes one mapping of two
// neighbours exactly if they are (is_mergeable_vma), and what is one mapping can be told from what is not
// (vma_to_resize: EFAULT). kcmp(2) would need a descriptor of each, and is denied in many containers.
bool OpenFiles::is_same(std::uint32_t number, int fd) const noexcept {
  const std::uint64_t page = place_of(number);
  const std::uint64_t trial = page + kPageSize;
  if (!keep_at(trial, fd, kPageSize)) {
    return false;
  }
  const auto grown = sys::mremap(page_at(page), 2 * kPageSize, 3 * kPageSize, 0);
  const bool same = !grown && grown.error() == Errno{ENOMEM}; // there is something behind it
  clear_at(trial);
  return same;
}

std::uint32_t OpenFiles::hold(int fd) noexcept {
  held_ = 0;
  if (!reserve()) {
    return 0;
  }
  const std::size_t to_ask = std::min(in_use_, kMostAsked);
  std::size_t asked = 0;
  std::uint32_t free = 0;
  for (std::uint32_t number = 1; number <= kMost && (free == 0 || asked < to_ask); ++number) {
    if (!kept_[number - 1]) {
      free = free == 0 ? number : free;
    } else if (asked < to_ask) {
      ++asked;
      if (is_same(number, fd)) {
        held_ = number;
        return number;
      }
    }
  }
  if (free != 0 && keep_at(place_of(free), fd, 0)) {
    kept_[free - 1] = true;
    ++in_use_;
    held_ = free;
  }
  return held_;
}

void OpenFiles::release(const VmaTable& table) noexcept {
  settle(std::exchange(held_, 0), table);
}

void OpenFiles::settle(std::uint32_t number, const VmaTable& table) noexcept {
  if (number == 0 || number == held_ || !kept_[number - 1] || table.has_file(number)) {
    return;
  }
  clear_at(place_of(number));
  kept_[number - 1] = false;
  --in_use_;
}

void OpenFiles::settle_all(const VmaTable& table) noexcept {
  for (std::uint32_t number = 1; number <= kMost && in_use_ > 0; ++number) {
    settle(number, table);
  }
}

} // namespace daxemu::fault
