// What the page table of a process knows of writes (PAGEMAP_SCAN on /proc/PID/pagemap, Linux 6.7): a page that was
// protected here and is written to loses the protection without anybody being asked, and so is found again.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"

namespace daxemu::fault {

enum class PageKind {
  none,    // nothing in the page table, nor the mark that a protected page leaves there: it may have been written to
           // and dropped since
  written, // mapped and not protected: written to since it was protected, or never protected
};

// Protects the pages of this kind in [start, end), multiples of 4K, of the process whose pagemap is open as `pagemap`,
// each in one step with telling of it; `found` is told address ranges, in order. [start, end) must lie in one mapping
// that a userfaultfd tracks (UffdCalls::watch); a part of the range may be protected even where this fails, so that
// after an error nothing is known of the whole range. Mirrors pagemap_scan in fs/proc/task_mmu.c.
// Errors: EPERM (a mapping that is not tracked), ENOTTY (the kernel has no such call), ESRCH.
[[nodiscard]] Result<void> protect_pages(int pagemap, std::uint64_t start, std::uint64_t end, PageKind kind,
                                         FunctionRef<void(std::uint64_t start, std::uint64_t end)> found);

} // namespace daxemu::fault
