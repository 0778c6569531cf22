// Has this kernel what runtime/fault/write_back/dirty_tracker needs?
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"
#include "runtime/fault/write_back/page_scan.hpp"

namespace daxemu::fault {

inline constexpr char kNoScan[] =
    "this kernel has no PAGEMAP_SCAN (Linux 6.7): everything that was touched is compared";

// Asked about a page that nobody tracks, which a kernel that has the call refuses otherwise.
inline bool kernel_scans() {
  const UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY));
  const auto page = Mapping::of(-1, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  const auto at = reinterpret_cast<std::uint64_t>(page->data());
  const auto asked = protect_pages(pagemap.get(), at, at + kPageSize, PageKind::written, [](auto...) {});
  return asked || asked.error() != Errno{ENOTTY};
}

} // namespace daxemu::fault
