// What the file behind a device's folios holds, in this order, sparse: a control block, one FolioRecord per extent, and
// per holding process one HolderRecord per extent. An idle device's holder records are all zero.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/units.hpp"
#include "emu/mm/failure_log.hpp"
#include "emu/mm/folio_record.hpp"

namespace daxemu::mm {

// One process that holds references or pins on the device. Recognised by pid and start time, so that a recycled pid is
// not mistaken for it.
struct HolderHeader {
  std::atomic<std::uint32_t> state{0}; // 0 free, 1 being taken or released, 2 live
  std::int32_t pid = 0;
  std::uint64_t start_time = 0; // clock ticks since boot, field 22 of /proc/PID/stat
};
inline constexpr std::uint32_t kMaxHolders = 256;

// Which of the kernel's own calls took a hold, beside those of the get_user_pages family.
enum class HoldBy : std::uint32_t {
  call,      // get_user_pages and pin_user_pages
  io_uring,  // io_uring_register(2): registered buffers
  vmsplice,  // vmsplice(2): pages in a pipe
  direct_io, // O_DIRECT read or write in flight
  rdma,      // ibv_reg_mr(3): a memory region (ib_umem_get)
};
inline constexpr std::size_t kHoldKinds = 5;
// As people read it; "" for HoldBy::call.
inline constexpr std::array<const char*, kHoldKinds> kHoldNames = {"", "io_uring", "vmsplice", "direct I/O", "RDMA"};

// What one process holds of one folio. Both words are gets in the low half, pins in the high half, in units of calls'
// pages. `claimed` grows before the folio's counts do and `applied` after them (and the other way round on release), so
// that a process killed in between leaves no doubt about more than the difference; see holder_table.hpp.
struct alignas(64) HolderRecord {
  std::atomic<std::uint64_t> claimed{0};
  std::atomic<std::uint64_t> applied{0};
  std::atomic<std::uint64_t> since_ns{0}; // CLOCK_REALTIME_COARSE of the oldest call still held
  std::atomic<std::uint64_t> site{0};     // return address of that call, 0 unless asked for
  std::atomic<std::uint32_t> tid{0};      // thread that made it
  std::atomic<std::uint32_t> longterm{0}; // FOLL_LONGTERM was given in some call since
  // Of the pages above, how many each kind but HoldBy::call holds (by kind less one); for people, no count depends on
  // it.
  std::array<std::atomic<std::uint32_t>, kHoldKinds - 1> by{};
  std::uint64_t reserved = 0;
};
static_assert(sizeof(HolderRecord) == 64);

struct FolioControl {
  std::atomic<std::uint32_t> pgmap_state{0}; // pgmap::State
  std::uint32_t reserved = 0;
  std::atomic<std::uint64_t> refused{0}; // underflows and saturations reported, over all processes
  std::array<HolderHeader, kMaxHolders> holders{};
  FailureLog failures;
};
static_assert(sizeof(FolioControl) <= 2 * kPageSize);

[[nodiscard]] constexpr std::uint64_t folio_records_offset() {
  return align_up(sizeof(FolioControl), kPageSize);
}
[[nodiscard]] constexpr std::uint64_t folio_records_size(std::uint64_t extents) {
  return align_up(extents * sizeof(FolioRecord), kPageSize);
}
[[nodiscard]] constexpr std::uint64_t holder_area_offset(std::uint64_t extents, std::uint32_t holder) {
  return folio_records_offset() + folio_records_size(extents) +
         holder * align_up(extents * sizeof(HolderRecord), kPageSize);
}
[[nodiscard]] constexpr std::uint64_t folio_file_size(std::uint64_t extents) {
  return holder_area_offset(extents, kMaxHolders);
}

} // namespace daxemu::mm
