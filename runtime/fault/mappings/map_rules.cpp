#include "runtime/fault/mappings/map_rules.hpp"

#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "emu/base/units.hpp"
#include "emu/trace/why.hpp"

#ifndef MAP_UNINITIALIZED
#define MAP_UNINITIALIZED 0x4000000
#endif

namespace daxemu::fault {
using trace::because;
using trace::Reason;

namespace {

// What MAP_SHARED silently takes (LEGACY_MAP_MASK) and device-dax's own mmap_supported_flags; MAP_SHARED_VALIDATE
// refuses the rest, MAP_FIXED_NOREPLACE included.
constexpr int kValidated = MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE |
                           MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |
                           MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT | static_cast<int>(MAP_HUGE_2MB) |
                           static_cast<int>(MAP_HUGE_1GB) | MAP_SYNC;

} // namespace

bool MapRequest::fixed() const {
  return (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
}

bool MapRequest::populates() const {
  return (flags & MAP_LOCKED) != 0 || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
}

Result<void> check_place(MapRequest& request, int open_flags) {
  if (!is_aligned(request.offset, kPageSize)) {
    return because(EINVAL, {.reason = Reason::mmap_offset_odd, .a = request.offset});
  }
  if ((open_flags & O_PATH) != 0) {
    return because(EBADF, Reason::mmap_path_only);
  }
  if ((request.flags & MAP_HUGETLB) != 0) { // only for hugetlbfs files and anonymous memory (ksys_mmap_pgoff)
    return because(EINVAL, Reason::mmap_hugetlb);
  }
  if (request.length == 0) {
    return because(EINVAL, Reason::mmap_no_length);
  }
  const std::uint64_t length = align_up(request.length, kPageSize);
  if (length == 0 || length > kTaskSize || (request.fixed() && request.hint > kTaskSize - length)) {
    return because(ENOMEM, {.reason = Reason::mmap_too_long, .a = request.length, .b = request.hint});
  }
  request.length = length;
  if (request.fixed() && !is_aligned(request.hint, kPageSize)) {
    return because(EINVAL, {.reason = Reason::mmap_address_odd, .a = request.hint});
  }
  return {};
}

Result<void> check_file(const MapRequest& request, int open_flags, bool maps) {
  if ((request.offset >> kPageShift) > (UINT64_MAX - request.length) >> kPageShift) { // file_mmap_ok
    return because(EOVERFLOW, {.reason = Reason::mmap_wraps, .a = request.offset, .b = request.length});
  }
  const int type = request.flags & MAP_TYPE;
  if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE) {
    return because(EINVAL, {.reason = Reason::mmap_no_type, .a = static_cast<std::uint32_t>(request.flags)});
  }
  const int supported = maps ? kValidated : kValidated & ~MAP_SYNC; // mmap_supported_flags is device-dax's own
  const int unknown = request.flags & ~(supported | MAP_SHARED_VALIDATE);
  if (type == MAP_SHARED_VALIDATE && unknown != 0) {
    return because(EOPNOTSUPP, {.reason = Reason::mmap_unknown_flag, .a = static_cast<std::uint32_t>(unknown)});
  }
  const int access = open_flags & O_ACCMODE;
  const bool shared = type != MAP_PRIVATE;
  const bool readable = access == O_RDONLY || access == O_RDWR; // not with access mode 3
  if ((shared && (request.prot & PROT_WRITE) != 0 && access == O_RDONLY) || !readable) {
    return because(EACCES, readable ? Reason::mmap_not_writable : Reason::mmap_not_readable);
  }
  if (!maps) {
    return because(ENODEV, Reason::mmap_no_operation);
  }
  if ((request.flags & MAP_GROWSDOWN) != 0) {
    return because(EINVAL, Reason::mmap_grows_down);
  }
  return {};
}

Result<void> check_vma(const MapRequest& request, std::uint64_t start, std::uint64_t align, bool alive) {
  if (!alive) {
    return because(ENXIO, Reason::dax_not_alive);
  }
  if ((request.flags & MAP_TYPE) == MAP_PRIVATE) {
    return because(EINVAL, Reason::private_mapping);
  }
  if (!is_aligned(start, align) || !is_aligned(start + request.length, align)) {
    return because(EINVAL, {.reason = Reason::unaligned_vma, .a = start, .b = start + request.length, .c = align - 1});
  }
  return {};
}

std::uint64_t hole_length(const MapRequest& request, std::uint64_t align) {
  const std::uint64_t end = request.offset + request.length;
  const std::uint64_t first = align_up(request.offset, align);
  if (end <= first || end - first < align || request.offset + request.length + align < request.offset) {
    return request.length;
  }
  return request.length + align;
}

} // namespace daxemu::fault
