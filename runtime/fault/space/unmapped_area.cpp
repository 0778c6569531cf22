// Where a mapping goes: get_unmapped_area() of mm/mmap.c with the driver's part in it, dax_get_unmapped_area().
#include <algorithm>

#include <linux/mman.h>
#include <sys/mman.h>

#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {
namespace {

constexpr int kPassedOn = MAP_32BIT;

// round_hint_to_min(): page 0 is no hint at all, what is below mmap_min_addr is raised.
std::uint64_t rounded_hint(std::uint64_t hint) {
  constexpr std::uint64_t kLowest = 65536;
  const std::uint64_t page = align_down(hint, kPageSize);
  return page == 0 ? 0 : std::max(page, kLowest);
}

} // namespace

// The kernel of 6.1 knows of no alignment but pages and takes the highest hole, at its end: what is mapped there is as
// aligned as what the hole ends at. That is by luck only, but after mappings of the device, which are aligned (guest,
// place.hint=own-mapping). Today's kernel aligns large memory of others', which is then no luck of the device's.
Result<std::uint64_t> AddressSpace::highest_hole(std::uint64_t length, std::uint64_t align, int flags,
                                                 Reservation& reserved) const {
  if (auto taken = reserved.take_highest(length, flags); !taken) {
    return tl::unexpected(taken.error());
  }
  if (align == kPageSize || !is_aligned(reserved.start(), align) || table_.find(reserved.start() + length)) {
    return reserved.start();
  }
  reserved.give_back();
  if (auto taken = reserved.take_highest(length + kPageSize, flags); !taken) {
    return tl::unexpected(taken.error());
  }
  return is_aligned(reserved.start(), align) ? reserved.start() + kPageSize : reserved.start();
}

// do_mmap(): what may be locked is looked at once there is a place, although nothing of a device is locked then. It is
// asked of the length that is to be mapped: what is reserved to find a place may be longer.
Result<std::uint64_t> AddressSpace::find_place(const MapRequest& request, std::uint64_t align, Reservation& reserved) {
  Result<void> lockable;
  if ((request.flags & MAP_LOCKED) != 0) {
    Reservation trial;
    lockable = trial.take(0, request.length, MAP_LOCKED);
  }
  const auto place = free_place(request, align, reserved);
  return place && !lockable ? tl::unexpected(lockable.error()) : place;
}

Result<std::uint64_t> AddressSpace::free_place(const MapRequest& request, std::uint64_t align, Reservation& reserved) {
  const int flags = request.flags & kPassedOn;
  if ((request.flags & MAP_FIXED_NOREPLACE) != 0) {
    if (auto taken = reserved.take(request.hint, request.length, flags | MAP_FIXED_NOREPLACE); !taken) {
      return taken.error() != Errno{EEXIST} ? tl::unexpected(taken.error())
                                            : trace::because(EEXIST, {.reason = trace::Reason::mmap_occupied,
                                                                      .a = request.hint,
                                                                      .b = request.hint + request.length});
    }
    return request.hint;
  }
  if (request.fixed()) {
    (void)reserved.take(request.hint, request.length, MAP_FIXED_NOREPLACE); // if it is free
    return request.hint;
  }
  if (const std::uint64_t hint = rounded_hint(request.hint); hint != 0) { // the driver leaves it to the kernel
    if (auto taken = reserved.take(hint, request.length, flags); !taken) {
      return tl::unexpected(taken.error());
    }
    if (reserved.start() == hint) {
      return hint;
    }
    reserved.give_back();
    return highest_hole(request.length, align, flags, reserved);
  }
  const std::uint64_t length = hole_length(request, align);
  if (length == request.length) {
    return highest_hole(length, align, flags, reserved);
  }
  if (auto taken = reserved.take_highest(length, flags); !taken) {
    return tl::unexpected(taken.error());
  }
  return reserved.start() + ((request.offset - reserved.start()) & (align - 1));
}

} // namespace daxemu::fault
