#include "runtime/preload/files/rings/registered_files.hpp"

#include <array>
#include <atomic>
#include <cstdint>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/files/disk_calls.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/user_memory.hpp"

namespace daxemu::preload {
namespace {

// A word for each: the ring + 1, so that none is 0, the number, of which the kernel has at most 2^20, the access mode.
constexpr unsigned kRingShift = 32;
constexpr unsigned kIndexShift = 2;
constinit std::array<std::atomic<std::uint64_t>, RegisteredFiles::kMost> registered_words{};
DAXEMU_OFTEN constinit std::atomic<int> registered_count{0};

std::uint64_t registered_key(int ring, unsigned index) {
  return static_cast<std::uint64_t>(ring + 1) << kRingShift | static_cast<std::uint64_t>(index) << kIndexShift;
}

template <class Match>
void unregister_if(Match match) {
  if (!RegisteredFiles::any()) {
    return;
  }
  for (auto& slot : registered_words) {
    std::uint64_t word = slot.load();
    const int ring = static_cast<int>(word >> kRingShift) - 1;
    if (word != 0 && match(ring, static_cast<unsigned>(word) >> kIndexShift) && slot.compare_exchange_strong(word, 0)) {
      registered_count.fetch_sub(1, std::memory_order_release);
    }
  }
}

void register_word(std::uint64_t word) {
  for (auto& slot : registered_words) {
    FdTable::watch_closes();
    std::uint64_t free = 0;
    if (slot.compare_exchange_strong(free, word)) {
      registered_count.fetch_add(1, std::memory_order_release);
      return;
    }
  }
}

} // namespace

DAXEMU_START_PATH bool RegisteredFiles::any() noexcept {
  return registered_count.load(std::memory_order_acquire) != 0;
}

void RegisteredFiles::note(int ring, unsigned first, const int* files, unsigned count) noexcept {
  unregister_if([=](int of, unsigned index) { return of == ring && index >= first && index - first < count; });
  if (!is_readable(files, count * sizeof *files)) {
    return;
  }
  for (unsigned at = 0; at < count; ++at) {
    if (files[at] >= 0 && (is_disk(files[at]) || device_refusal(files[at], Operation::copy) != 0)) {
      const long flags = sys::call(SYS_fcntl, files[at], F_GETFL).value_or(O_RDONLY);
      register_word(registered_key(ring, first + at) | static_cast<std::uint64_t>(flags & O_ACCMODE));
    }
  }
}

int RegisteredFiles::flags_of(int ring, unsigned index) noexcept {
  if (any()) {
    for (const auto& slot : registered_words) {
      const std::uint64_t word = slot.load();
      if ((word & ~static_cast<std::uint64_t>(O_ACCMODE)) == registered_key(ring, index)) {
        return static_cast<int>(word & O_ACCMODE);
      }
    }
  }
  return -1;
}

void RegisteredFiles::forget_rings(unsigned first, unsigned last) noexcept {
  if (any() && OwnProcess::calls()) {
    unregister_if(
        [=](int of, unsigned) { return static_cast<unsigned>(of) >= first && static_cast<unsigned>(of) <= last; });
  }
}

} // namespace daxemu::preload
