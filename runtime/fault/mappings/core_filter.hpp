// Which mappings of devices are in a core dump of this process. The kernel asks bits of their own for those of
// device-dax (vma_dump_size in fs/coredump.c); of what stands for them here it asks others, so it is told by
// MADV_DONTDUMP.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/fault/mappings/vma.hpp"

namespace daxemu::fault {

class CoreFilter {
public:
  // Reads /proc/self/coredump_filter, which fork(2) and execve(2) keep. True: it has changed. Async-signal-safe.
  static bool read() noexcept;

  // Would a core dump have the bytes of `vma`?
  [[nodiscard]] static bool dumps(const Vma& vma) noexcept {
    constexpr unsigned kDaxPrivate = 7; // MMF_DUMP_DAX_PRIVATE: also those that are not VM_SHARED (do_mmap)
    constexpr unsigned kDaxShared = 8;
    const unsigned bit = vma.has(kMayWrite) ? kDaxShared : kDaxPrivate;
    return !vma.has(kDontDump) && (filter_.load(std::memory_order_relaxed) >> bit & 1U) != 0;
  }
  // What has just been mapped at [start, end) of `vma` is as the kernel maps: dumped. Takes it out, if it is not to be.
  static void hide(const Vma& vma, std::uint64_t start, std::uint64_t end) noexcept {
    if (!dumps(vma)) {
      mark(start, end, false);
    }
  }
  // Tells the kernel of [start, end), whatever it was told before.
  static void mark(std::uint64_t start, std::uint64_t end, bool dumped) noexcept;

private:
  static std::atomic<std::uint32_t> filter_;
};

} // namespace daxemu::fault
