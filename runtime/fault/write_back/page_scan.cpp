#include "runtime/fault/write_back/page_scan.hpp"

#include <array>
#include <span>

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::fault {
namespace {

// include/uapi/linux/fs.h of Linux 6.7; Debian 12's headers are older.
struct Region { // struct page_region
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t categories = 0;
};
struct Scan { // struct pm_scan_arg
  std::uint64_t size = sizeof(Scan);
  std::uint64_t flags = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t walk_end = 0;
  std::uint64_t vec = 0;
  std::uint64_t vec_len = 0;
  std::uint64_t max_pages = 0;
  std::uint64_t category_inverted = 0;
  std::uint64_t category_mask = 0;
  std::uint64_t category_anyof_mask = 0;
  std::uint64_t return_mask = 0;
};
static_assert(sizeof(Scan) == 96);
constexpr unsigned long kPagemapScan = _IOWR('f', 16, Scan); // PAGEMAP_SCAN
constexpr std::uint64_t kScanProtects = 1;                   // PM_SCAN_WP_MATCHING
constexpr std::uint64_t kScanAsksTracked = 2;                // PM_SCAN_CHECK_WPASYNC
constexpr std::uint64_t kWritten = 2;                        // PAGE_IS_WRITTEN
constexpr std::uint64_t kPresent = 8;                        // PAGE_IS_PRESENT
constexpr std::uint64_t kSwapped = 16;                       // PAGE_IS_SWAPPED: an entry that is not empty

} // namespace

Result<void> protect_pages(int pagemap, std::uint64_t start, std::uint64_t end, PageKind kind,
                           FunctionRef<void(std::uint64_t start, std::uint64_t end)> found) {
  std::array<Region, 256> regions;
  Scan scan;
  scan.flags = kScanProtects | kScanAsksTracked;
  scan.end = end;
  scan.vec = reinterpret_cast<std::uint64_t>(regions.data());
  scan.vec_len = regions.size();
  scan.category_mask = kind == PageKind::written ? kWritten : kPresent | kSwapped;
  scan.category_inverted = kind == PageKind::written ? 0 : kPresent | kSwapped;
  scan.return_mask = scan.category_mask;
  for (scan.start = start; scan.start < end; scan.start = scan.walk_end) {
    const auto count = sys::call(SYS_ioctl, pagemap, static_cast<long>(kPagemapScan), reinterpret_cast<long>(&scan));
    if (!count) {
      return tl::unexpected(count.error());
    }
    for (const Region& region : std::span(regions).first(static_cast<std::size_t>(*count))) {
      found(region.start, region.end);
    }
    if (scan.walk_end <= scan.start) {
      return fail(EIO); // would go on for ever
    }
  }
  return {};
}

} // namespace daxemu::fault
