#include "emu/mm/vmemmap.hpp"

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/mm/folio_layout.hpp"
#include "emu/mm/page.hpp"

namespace daxemu::mm {

Result<VmemmapCost> vmemmap_cost(std::uint64_t size, unsigned order) {
  const std::uint64_t folio_size = kPageSize << order;
  if (size == 0 || !is_aligned(size, folio_size)) {
    return fail(EINVAL);
  }
  const std::uint64_t folios = size / folio_size;
  VmemmapCost cost;
  cost.plain = align_up((size >> kPageShift) * kStructPageSize, kPageSize);
  cost.altmap = cost.plain;
  cost.pages_each = (kStructPageSize << order) >> kPageShift; // 0: several folios share one
  const bool can_optimize = cost.pages_each > kVmemmapReserve;
  cost.kept_each = can_optimize ? kVmemmapReserve : cost.pages_each;
  cost.dedup = can_optimize ? folios * kVmemmapReserve * kPageSize : cost.plain;
  cost.daxemu_most = folio_records_offset() + folio_records_size(folios);
  return cost;
}

Result<std::uint64_t> folio_file_resident(int fd) {
  auto st = sys::fstat(fd);
  if (!st) {
    return tl::unexpected(st.error());
  }
  constexpr std::uint64_t kBlock = 512; // unit of st_blocks, whatever the file system
  return static_cast<std::uint64_t>(st->st_blocks) * kBlock;
}

} // namespace daxemu::mm
