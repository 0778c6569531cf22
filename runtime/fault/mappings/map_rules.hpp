// What mmap(2) of a device-dax checks, in the kernel's order and without doing anything.
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {

// TASK_SIZE: no address of a process is at or beyond it.
inline constexpr std::uint64_t kTaskSize = (1ULL << 47) - kPageSize;

struct MapRequest {
  std::uint64_t hint = 0;
  std::uint64_t length = 0;
  int prot = 0;
  int flags = 0;
  std::uint64_t offset = 0;

  [[nodiscard]] bool fixed() const;     // MAP_FIXED or MAP_FIXED_NOREPLACE
  [[nodiscard]] bool populates() const; // MAP_POPULATE or MAP_LOCKED: extents are faulted in before mmap returns
};

// What do_mmap and its caller do for every file (mm/mmap.c, Linux 6.1), in two parts: before an address is chosen
// (which is where MAP_FIXED_NOREPLACE finds what is there, EEXIST), and behind that, before what is there goes and the
// file's own mmap is called. `open_flags` are the descriptor's (F_GETFL). On success `request.length` is rounded up to
// pages. Errors: EINVAL, EBADF, ENOMEM.
Result<void> check_place(MapRequest& request, int open_flags);
// `maps`: the driver has an mmap operation. Errors: EINVAL, EOVERFLOW, EACCES, EOPNOTSUPP, ENODEV.
Result<void> check_file(const MapRequest& request, int open_flags, bool maps);

// The rest: check_vma in drivers/dax/device.c, for a mapping at [start, start + length). Errors: ENXIO (no driver
// bound), EINVAL (private, or start or end not aligned to the device's extents).
Result<void> check_vma(const MapRequest& request, std::uint64_t start, std::uint64_t align, bool alive);

// Where dax_get_unmapped_area would put it: how many bytes to look for a hole of, when no hint was given. Then the
// mapping starts at the first address of the hole that has the file offset's remainder modulo align.
[[nodiscard]] std::uint64_t hole_length(const MapRequest& request, std::uint64_t align);

} // namespace daxemu::fault
