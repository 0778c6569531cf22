#include "runtime/fault/touches/resolver.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/core_filter.hpp"

namespace daxemu::fault {
namespace {

// The kernel refuses for a moment (EAGAIN while another thread changes the address space) or the page vanishes between
// two calls; neither lasts.
constexpr int kPatience = 1000;

std::int64_t max_map_count() {
  constexpr std::int64_t kDefault = 65530;
  auto raw = sys::open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return kDefault;
  }
  const UniqueFd fd(*raw);
  std::array<char, 24> text{};
  auto got = sys::pread(fd.get(), text.data(), text.size(), 0);
  std::int64_t value = 0;
  if (!got || std::from_chars(text.data(), text.data() + *got, value).ec != std::errc()) {
    return kDefault;
  }
  return value;
}

// Does a seccomp filter of the program keep us from serving faults?
bool is_forbidden(Errno error) {
  return error == Errno{EPERM} || error == Errno{EACCES} || error == Errno{ENOSYS};
}

// Can the page be had? It is, if so. Where the call is forbidden nobody knows: then yes.
bool has_page(const DeviceView& view, std::uint64_t offset) {
  for (int tries = 0; tries < kPatience; ++tries) {
    const auto allocated = sys::fallocate(view.fd(), 0, offset, kPageSize);
    if (allocated || (allocated.error() != Errno{EINTR} && allocated.error() != Errno{EAGAIN})) {
      return allocated || (allocated.error() != Errno{ENOSPC} && allocated.error() != Errno{ENOMEM});
    }
  }
  return false;
}

// Takes the range out of the userfaultfd's hands by mapping it anew, which even a narrow filter has to allow; the
// kernel serves it from now on.
Resolver::Outcome map_again(const Vma& vma, std::uint64_t start, std::uint64_t length) {
  auto mapped = sys::mmap(reinterpret_cast<void*>(start), length, static_cast<int>(vma.prot),
                          MAP_SHARED | MAP_FIXED | MAP_NORESERVE, vma.view->fd(), vma.offset_of(start));
  CoreFilter::hide(vma, start, start + length);
  return mapped ? Resolver::Outcome::resolved : Resolver::Outcome::refused;
}

// The kernel serves the range from now on, and goes on noting what is written to where somebody wants to know.
bool leave(const UffdCalls& uffd, const DeviceView& view, std::uint64_t start, std::uint64_t length) {
  if (!uffd.unwatch(start, length)) {
    return false;
  }
  if (view.tracks_writes()) { // where it is refused, everything there counts as written to
    (void)uffd.only_track(start, length);
  }
  return true;
}

} // namespace

Resolver::Outcome Resolver::resolve(const UffdCalls& uffd, const Vma& vma, const ExtentBitmap& faulted,
                                    std::uint64_t address, bool missing, bool fresh) {
  DeviceView& view = *vma.view;
  if (!view.one_page_extents()) {
    return many_pages(uffd, vma, faulted, address, missing, fresh);
  }
  const std::uint64_t start = align_down(address, view.align());
  return view.hugetlb() ? one_page(uffd, vma, start, missing) : small_page(uffd, vma, start, missing);
}

// A huge page. It was reserved when the device was made, so allocating it cannot run out.
Resolver::Outcome Resolver::one_page(const UffdCalls& uffd, const Vma& vma, std::uint64_t address, bool missing) const {
  const DeviceView& view = *vma.view;
  const std::uint64_t offset = vma.offset_of(address);
  // What was zeroed before is there, unless somebody has punched a hole.
  bool allocate = missing && (view.folio(view.extent_at(offset)).flags.load() & mm::kFolioZeroed) == 0;
  for (int tries = 0; tries < kPatience; ++tries) {
    if (allocate) {
      auto allocated = sys::fallocate(view.fd(), 0, offset, view.align());
      if (!allocated && here_ && is_forbidden(allocated.error())) {
        return map_again(vma, address, view.align());
      }
      if (!allocated && allocated.error() != Errno{EINTR} && allocated.error() != Errno{EAGAIN}) {
        return Outcome::no_memory;
      }
    }
    auto mapped = uffd.resume(address, view.align());
    if (mapped) {
      return Outcome::resolved;
    }
    if (here_ && is_forbidden(mapped.error())) {
      return map_again(vma, address, view.align());
    }
    if (mapped.error() == Errno{EFAULT}) {
      allocate = true;
    } else if (mapped.error() != Errno{EAGAIN}) {
      break; // EEXIST: another thread was first. ENOENT: no longer ours. Both: let it try again.
    }
  }
  uffd.wake(address, view.align());
  return Outcome::resolved;
}

Resolver::Outcome Resolver::small_page(const UffdCalls& uffd, const Vma& vma, std::uint64_t address,
                                       bool missing) const {
  for (int tries = 0; tries < kPatience; ++tries) {
    auto mapped = missing ? uffd.zero(address, kPageSize) : uffd.resume(address, kPageSize);
    if (mapped) {
      return Outcome::resolved;
    }
    if (missing && mapped.error() == Errno{EEXIST}) {
      missing = false; // in the page cache by now; the next answer tells mapped from present
    } else if (!missing && mapped.error() == Errno{EFAULT}) {
      missing = true;
    } else if (mapped.error() == Errno{ENOMEM} ||
               mapped.error() == Errno{ENOSPC}) { // NOLINT(bugprone-branch-clone): each in its turn
      return Outcome::no_memory;
    } else if (here_ && is_forbidden(mapped.error())) {
      return map_again(vma, address, kPageSize);
    } else if (mapped.error() == Errno{ENOENT} && !has_page(*vma.view, vma.offset_of(address))) {
      return Outcome::no_memory; // the kernel's to serve already, and it could not
    } else if (mapped.error() != Errno{EAGAIN}) {
      break;
    }
  }
  uffd.wake(address, kPageSize);
  return Outcome::resolved;
}

// An extent of many small pages: once it was touched, the kernel serves it natively. That costs one wake-up and
// populates nothing that is not touched (an extent of 1G!), but a lone hole costs two of the process's mappings, so
// holes are limited; past the limit, page by page.
Resolver::Outcome Resolver::many_pages(const UffdCalls& uffd, const Vma& vma, const ExtentBitmap& faulted,
                                       std::uint64_t address, bool missing, bool fresh) {
  DeviceView& view = *vma.view;
  const std::uint64_t start = align_down(address, view.align());
  const std::uint64_t extent = view.extent_at(vma.offset_of(start)).value();
  const bool has_room = holes_.load(std::memory_order_relaxed) < hole_budget();
  if (fresh) {
    // Neighbouring holes are one: the kernel merges the mappings. Counted whoever serves it, as forget() does. Of two
    // threads that touch neighbours at the same moment both see the other's, and the count is one low until these go:
    // the budget leaves the process three of four of its mappings.
    const int neighbours =
        static_cast<int>(extent > 0 && faulted.test(extent - 1)) + static_cast<int>(faulted.test(extent + 1));
    holes_.fetch_add(1 - neighbours, std::memory_order_relaxed);
  }
  if (has_room) {
    if (!fresh && !has_page(view, vma.offset_of(align_down(address, kPageSize)))) {
      return Outcome::no_memory; // the kernel's own SIGBUS, which the inline engine sees as well
    }
    if (leave(uffd, view, start, view.align())) {
      // A thread that faults under the lock of its mapping alone may go to sleep between the wake-up of the
      // unregistering and its end (Linux 6.4 and newer); its fault has been read, so this finds it.
      uffd.wake(start, view.align());
      return Outcome::resolved;
    }
  }
  return small_page(uffd, vma, align_down(address, kPageSize), missing);
}

bool Resolver::leave_to_kernel(const UffdCalls& uffd, std::uint64_t address) {
  const std::uint64_t page = align_down(address, kPageSize);
  if (!uffd.unwatch(page, kPageSize)) {
    return false; // hugetlb, whose pages are reserved; or no room for another mapping
  }
  uffd.wake(page, kPageSize); // as in many_pages()
  return true;
}

std::uint64_t Resolver::resolve_ahead(const UffdCalls& uffd, const Vma& vma, const ExtentBitmap& faulted,
                                      ExtentIndex touched, std::uint64_t address, std::uint64_t count) {
  DeviceView& view = *vma.view;
  const ExtentIndex first = view.extent_at(vma.offset_of(address));
  const std::uint64_t length = count * view.align();
  if (view.one_page_extents()) {
    const bool there = view.hugetlb() || (view.folio(first).flags.load() & mm::kFolioTouched) != 0;
    return (there ? uffd.resume_run(address, length) : uffd.zero_run(address, length)) / view.align();
  }
  if (holes_.load(std::memory_order_relaxed) >= hole_budget() || !leave(uffd, view, address, length)) {
    return 0;
  }
  uffd.wake(address, length); // as in many_pages()
  // The hole beside this one, where it was touched, is yet to be made, and will be counted as a part of it.
  const bool behind = touched < first;
  const bool joins =
      behind ? faulted.test(first.value() + count) : first.value() > 0 && faulted.test(first.value() - 1);
  holes_.fetch_add(joins ? 0 : 1, std::memory_order_relaxed);
  return count;
}

void Resolver::forget(DeviceView& view, ExtentBitmap& faulted, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t end = std::min(first + count, faulted.size());
  // One look at what is to go: of a large device that nobody has touched, that is all there is to do.
  const std::uint64_t lowest = faulted.next(first, end);
  if (lowest >= end) {
    return;
  }
  if (!view.one_page_extents()) {
    // A run that goes on beyond either end is a hole there as before.
    std::int64_t runs = -static_cast<std::int64_t>(lowest == first && first > 0 && faulted.test(first - 1)) -
                        static_cast<std::int64_t>(faulted.test(end - 1) && faulted.test(end));
    std::uint64_t behind = UINT64_MAX;
    for (std::uint64_t at = lowest; at < end; at = faulted.next(at + 1, end)) {
      runs += at != behind ? 1 : 0;
      behind = at + 1;
    }
    if (holes_.fetch_sub(runs, std::memory_order_relaxed) < runs) {
      holes_.store(0, std::memory_order_relaxed);
    }
  }
  if (view.hooks() != nullptr) {
    for (std::uint64_t at = lowest; at < end; at = faulted.next(at + 1, end)) {
      view.tell_unmapped(ExtentIndex(at));
    }
  }
  faulted.clear(lowest, end - lowest);
}

std::int64_t Resolver::hole_budget() {
  std::int64_t budget = budget_.load(std::memory_order_relaxed);
  if (budget == 0) {
    budget = max_map_count() / 8; // a quarter of the process's mappings: two for each hole
    budget_.store(budget, std::memory_order_relaxed);
  }
  return budget;
}

} // namespace daxemu::fault
