// What is said of the whole process and decides about its mappings of a device: that it is to have no huge pages
// (PR_SET_THP_DISABLE), and that what may be read may be executed (READ_IMPLIES_EXEC of personality(2)). Both pass to
// children and to what is executed. The kernel is asked when the first mapping is made, and told of by whoever hears
// that the program has said something.
#pragma once

#include <atomic>

#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::fault {

class WholeProcess {
public:
  static void look() noexcept {
    constexpr long kCompletely = 1; // 3: but for what asks for huge pages, as mappings of device-dax do (dax_mmap)
    const auto off = sys::call(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
    huge_pages_off_.store(off && static_cast<long>(*off) == kCompletely, std::memory_order_relaxed);
    note_personality();
  }

  // No fault comes as one of a huge page (hugepage_vma_check): larger extents refuse it, as under MADV_NOHUGEPAGE.
  [[nodiscard]] static bool huge_pages_off() noexcept { return huge_pages_off_.load(std::memory_order_relaxed); }

  // A thread may have changed what it is. Where none has, nobody asks.
  static void note_personality() noexcept {
    if (reads_execute_here()) {
      some_reads_execute_.store(true, std::memory_order_relaxed);
    }
  }
  // The rights that mmap(2) and mprotect(2) of the calling thread give for these.
  [[nodiscard]] static int rights(int prot) noexcept {
    const bool more = (prot & PROT_READ) != 0 && some_reads_execute_.load(std::memory_order_relaxed);
    return more && reads_execute_here() ? prot | PROT_EXEC : prot;
  }

private:
  static bool reads_execute_here() noexcept {
    const auto now = sys::call(SYS_personality, 0xffffffffL);
    return now && (*now & READ_IMPLIES_EXEC) != 0;
  }

  inline static constinit std::atomic<bool> huge_pages_off_{false};
  inline static constinit std::atomic<bool> some_reads_execute_{false};
};

} // namespace daxemu::fault
