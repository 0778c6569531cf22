#include "runtime/preload/pins/held_range.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/preload/memory/live_space.hpp"

namespace daxemu::preload {
namespace {

// May memory of this type be held so at all? In the kernel's order: long-term pins of DAX files are refused before
// anything is faulted in (check_vma_flags), memory of files by io_uring after all is pinned (io_pin_pages).
bool refused_first(const HeldDevice& device, HoldKind kind) {
  return kind.longterm && device.behaviours().has(pgmap::Behaviour::deny_longterm);
}
bool refused_last(const HeldDevice& device, HoldKind kind) {
  return kind.by == mm::HoldBy::io_uring && !pgmap::may_register_buffers(device.behaviours());
}

} // namespace

Result<HeldRange> HeldRange::take(const iovec& range, HoldKind kind, bool write, std::uint64_t site) {
  HeldRange held(kind);
  if (auto taken = held.extend(range, write, site); !taken) {
    return tl::unexpected(taken.error());
  }
  return held;
}

Result<void> HeldRange::extend(const iovec& range, bool write, std::uint64_t site) {
  HeldRange more(kind_);
  fault::AddressSpace* space = live_space.concerned(range.iov_base, range.iov_len);
  if (space == nullptr) {
    return {};
  }
  const auto start = align_down(reinterpret_cast<std::uint64_t>(range.iov_base), kPageSize);
  const auto end = align_up(reinterpret_cast<std::uint64_t>(range.iov_base) + range.iov_len, kPageSize);
  bool refused = false;
  for (auto piece = space->first_piece(start, end); piece; piece = space->first_piece(piece->end, end)) {
    HeldDevice* device = HeldDevice::of(*piece->view, space->profile());
    if (device == nullptr) {
      return fail(ENOMEM);
    }
    if (refused_first(*device, kind_)) {
      return fail(EOPNOTSUPP);
    }
    const int needed = write ? PROT_WRITE : PROT_READ | PROT_WRITE;
    if ((piece->prot & static_cast<std::uint32_t>(needed)) == 0 || !space->prefault(piece->start, piece->end)) {
      return fail(EFAULT);
    }
    const std::uint64_t pages = (piece->end - piece->start) >> kPageShift;
    if (auto allowed = kind_.longterm ? device->ask_longterm(piece->offset >> kPageShift, pages) : Result<void>();
        !allowed) {
      return allowed;
    }
    if (auto taken = device->take(piece->offset >> kPageShift, pages, kind_, site); !taken) {
      return tl::unexpected(taken.error());
    }
    more.runs_.push_back({device, piece->offset >> kPageShift, pages});
    refused = refused || refused_last(*device, kind_);
  }
  if (refused) { // the first page's file is what all have to be of; if that is none or shared memory, ours is another
    return fail(space->find(range.iov_base) ? EOPNOTSUPP : EINVAL);
  }
  runs_.insert(runs_.end(), more.runs_.begin(), more.runs_.end());
  more.abandon();
  return {};
}

bool is_device_memory(const void* address, std::size_t length) {
  return live_space.concerned(address, length) != nullptr;
}

} // namespace daxemu::preload
