// What the processor finds at a place of a mapping: the kernel's own page tables, steered by mmap and userfaultfd. An
// extent is open (the kernel serves touches of it), closed (a touch comes to us) or filled (a touch is SIGBUS).
#include <algorithm>

#include <sys/mman.h>

#include "runtime/api/mm/process_mm.hpp"
#include "runtime/api/mm/vma_rights.hpp"

namespace daxemu::api {
namespace {

constexpr std::int64_t kMostHoles = 8192; // each may split a mapping in three; vm.max_map_count is 65530 by default
constexpr int kPatience = 1000;

void note_backed(Vma& vma, std::uint64_t extent, std::uint64_t count, bool is) {
  if (!vma.backed.empty()) {
    std::fill_n(vma.backed.begin() + static_cast<std::ptrdiff_t>(extent), count, is);
  }
}

// One page of the page cache into the page tables, made first if there is none. True: present, or no longer ours.
bool open_page(const fault::UffdCalls& uffd, std::uint64_t at, std::uint64_t size, bool missing, int fd,
               std::uint64_t offset) {
  for (int tries = 0; tries < kPatience; ++tries) {
    if (missing && !sys::fallocate(fd, 0, offset, size)) {
      return false;
    }
    const auto done = uffd.resume(at, size);
    if (done) {
      return true;
    }
    if (done.error() == Errno{EFAULT}) {
      missing = true;
    } else if (done.error() != Errno{EAGAIN}) {
      break; // EEXIST: somebody was first; ENOENT: no longer registered. The touch tries again.
    }
  }
  uffd.wake(at, size);
  return true;
}

} // namespace

// The touch that `touch` describes can go on: the extent has an entry by our records.
void ProcessMm::open(Vma& vma, std::uint64_t extent, const Touch& touch) {
  const fault::UffdCalls& uffd = server_.uffd();
  const std::uint64_t place = vma.address_of(extent);
  const std::uint64_t entry = vma.entries == nullptr ? vma.page_of(extent) + 1 : vma.entries[extent].load();
  if ((entry & Vma::kInRam) != 0) {
    (void)ram_.map_at(pointer(place), (entry & ~Vma::kInRam) - 1, 1ULL << vma.order, vma.prot);
    uffd.wake(place, vma.extent_size());
    return;
  }
  const std::uint64_t offset = (entry - 1) << kPageShift;
  bool opened = false;
  if (vma.order == 0 || vma.hugetlb) {
    opened = open_page(uffd, place, vma.extent_size(), touch.missing, vma.fd, offset);
  } else if (holes_.fetch_add(1) < kMostHoles && uffd.unwatch(place, vma.extent_size())) {
    uffd.wake(place, vma.extent_size()); // who went to sleep between the wake-up of the unregistering and its end
    opened = true;
  } else {
    holes_.fetch_sub(1);
    const std::uint64_t page = align_down(touch.address, kPageSize);
    opened = open_page(uffd, page, kPageSize, touch.missing, vma.fd, offset + (page - place));
  }
  if (!opened) { // no memory: as VM_FAULT_OOM would end
    fill(vma, extent, 1);
  }
}

// The next touch comes to us, if touches do. Nothing is mapped anew, so none can slip through in between.
void ProcessMm::close(const Vma& vma, std::uint64_t extent) {
  if (!vma.watched || !server_.serves()) {
    return;
  }
  const std::uint64_t place = vma.address_of(extent);
  (void)server_.uffd().watch(place, vma.extent_size());
  (void)sys::madvise(pointer(place), vma.extent_size(), MADV_DONTNEED);
}

void ProcessMm::fill(Vma& vma, std::uint64_t extent, std::uint64_t count) const {
  note_backed(vma, extent, count, false);
  const std::uint64_t length = count * vma.extent_size();
  (void)sys::mmap(pointer(vma.address_of(extent)), length, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_FIXED | MAP_NORESERVE, empty_.get(), 0);
  if (vma.watched && server_.serves()) {
    server_.uffd().wake(vma.address_of(extent), length);
  }
}

// The device's pages from `page` on are behind the extents now; touches come to us.
void ProcessMm::show(Vma& vma, std::uint64_t extent, std::uint64_t count, std::uint64_t page) const {
  note_backed(vma, extent, count, true);
  const std::uint64_t length = count * vma.extent_size();
  (void)sys::mmap(pointer(vma.address_of(extent)), length, vma.prot, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, vma.fd,
                  page << kPageShift);
  if (vma.watched && server_.serves()) {
    (void)server_.uffd().watch(vma.address_of(extent), length);
    // A touch between the two calls was served by the kernel: without an entry of ours nobody would take it away later.
    (void)sys::madvise(pointer(vma.address_of(extent)), length, MADV_DONTNEED);
  }
}

// Nothing is behind the extents that a touch could find by itself.
void ProcessMm::hide(Vma& vma, std::uint64_t extent, std::uint64_t count) const {
  if (!vma.watched || !server_.serves()) {
    fill(vma, extent, count);
    return;
  }
  const std::uint64_t length = count * vma.extent_size();
  (void)sys::mmap(pointer(vma.address_of(extent)), length, vma.prot,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  (void)server_.uffd().watch_anonymous(vma.address_of(extent), length);
  (void)sys::madvise(pointer(vma.address_of(extent)), length, MADV_DONTNEED); // as in show()
}

} // namespace daxemu::api
