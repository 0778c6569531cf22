#include "runtime/preload/memory/memory_calls.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "emu/base/kernel/mseal.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/base/units.hpp"
#include "emu/nd/media/media_errors.hpp"
#include "emu/trace/why.hpp"
#include "runtime/fault/memory/locked_memory.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/bus_signal.hpp"
#include "runtime/preload/memory/plugin.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_REAL(mmap, void*(void*, std::size_t, int, int, int, off_t));
DAXEMU_REAL(munmap, int(void*, std::size_t));
DAXEMU_REAL(mprotect, int(void*, std::size_t, int));
DAXEMU_REAL(pkey_mprotect, int(void*, std::size_t, int, int));
DAXEMU_REAL(mremap, void*(void*, std::size_t, std::size_t, int, void*));
DAXEMU_REAL(remap_file_pages, int(void*, std::size_t, int, std::size_t, int));
DAXEMU_REAL(madvise, int(void*, std::size_t, int));
DAXEMU_REAL(posix_madvise, int(void*, std::size_t, int));
DAXEMU_REAL(mlock, int(const void*, std::size_t));
DAXEMU_REAL(mlock2, int(const void*, std::size_t, unsigned));
DAXEMU_REAL(mlockall, int(int));
DAXEMU_REAL(munlockall, int());
DAXEMU_REAL(process_madvise, ssize_t(int, const iovec*, std::size_t, int, unsigned));
DAXEMU_REAL(msync, int(void*, std::size_t, int));
DAXEMU_REAL(mincore, int(void*, std::size_t, unsigned char*));
DAXEMU_REAL(shmat, void*(int, const void*, int));

constexpr int kPopulateRead = 22; // MADV_POPULATE_*, newer than the C library's headers
constexpr int kPopulateWrite = 23;
constexpr int kCollapse = 25;             // MADV_COLLAPSE
constexpr int kSoftOffline = 101;         // MADV_SOFT_OFFLINE
constexpr std::size_t kMostPieces = 1024; // UIO_MAXIOV

void note_locked_all(int flags) {
  if (fault::AddressSpace* space = live_space.get(); space != nullptr) {
    space->locked_all(flags);
  } else {
    fault::LockedMemory::note(flags);
  }
}

// Does `pidfd` name this process? Its fdinfo has a line "Pid:" (pidfd_show_fdinfo).
bool is_own_pidfd(int pidfd) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  auto raw = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return false;
  }
  const UniqueFd file(*raw);
  std::array<char, 512> text{};
  const auto got = sys::pread(file.get(), text.data(), text.size() - 1, 0);
  constexpr std::string_view kField = "\nPid:\t";
  const std::string_view lines(text.data(), got ? *got : 0);
  const std::size_t at = lines.find(kField);
  int pid = 0;
  return at != std::string_view::npos &&
         std::from_chars(text.data() + at + kField.size(), text.data() + lines.size(), pid).ec == std::errc() &&
         pid == sys::getpid();
}

} // namespace

DAXEMU_OFTEN constinit LiveSpace live_space;
constinit MemoryCalls memory_calls;

void* MemoryCalls::mmap(void* address, std::size_t length, int prot, int flags, int fd, off_t offset) {
  // Memory allocators map anonymous memory before anything else works: such calls must not even make a Context.
  if ((flags & MAP_ANONYMOUS) == 0 && fd >= 0) {
    Context* context = Context::get();
    store::DeviceRecord* device = context == nullptr ? nullptr : context->device_of(fd);
    if (device == nullptr && context != nullptr && context->descriptors().has_no_mmap(fd)) {
      return as_mapped(trace::because(ENODEV, trace::Reason::mmap_of_disk));
    }
    if (device == nullptr && context != nullptr && context->descriptors().is_of_gone_device(fd)) {
      return as_mapped(trace::because(
          ENXIO, trace::Reason::dax_not_alive)); // check_vma() of drivers/dax/device.c: the device is not alive
    }
    if (device != nullptr) {
      return map_device(context->store(), context->mappings(), *device, address, length, prot, flags, fd, offset);
    }
  }
  if ((flags & MAP_FIXED) != 0) {
    if (fault::AddressSpace* space = live_space.concerned(address, length); space != nullptr) {
      return as_mapped(space->map_foreign(address, length, prot, flags, fd, static_cast<std::uint64_t>(offset)));
    }
  }
  return real_mmap(address, length, prot, flags, fd, offset);
}

void* MemoryCalls::map_device(const store::Store& store, fault::AddressSpace& space, store::DeviceRecord& device,
                              void* address, std::size_t length, int prot, int flags, int fd, off_t offset) {
  if (auto ready = plugin_host.prepare(store, space); !ready) {
    return as_mapped(tl::unexpected(ready.error()));
  }
  if (live_space.enter(space)) {
    on_first_mapping(space);
    if (trace::explains()) {
      bus_signal.explain();
    }
  }
  if (nd::lists_errors(store, store.region_of(device))) {
    bus_signal.fail_by_lines();
  }
  const auto mapped = space.map(device, fd, address, length, prot, flags, static_cast<std::uint64_t>(offset));
  if (space.engine() == store::EngineKind::inline_) {
    bus_signal.resolve_with(space);
  }
  return as_mapped(mapped);
}

int MemoryCalls::munmap(void* address, std::size_t length) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr ? real_munmap(address, length) : as_int(space->unmap(address, length));
}

int MemoryCalls::mprotect(void* address, std::size_t length, int prot) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr ? real_mprotect(address, length, prot) : as_int(space->protect(address, length, prot));
}

int MemoryCalls::pkey_mprotect(void* address, std::size_t length, int prot, int pkey) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr ? real_pkey_mprotect(address, length, prot, pkey)
                          : as_int(space->protect(address, length, prot, pkey));
}

void* MemoryCalls::mremap(void* old_address, std::size_t old_size, std::size_t new_size, int flags, void* new_address) {
  fault::AddressSpace* space = live_space.get();
  // 6.1 looks at the mapping first, whatever else is wrong; today's kernel looks at it last: others' memory, too.
  return space == nullptr ? real_mremap(old_address, old_size, new_size, flags, new_address)
                          : as_mapped(space->remap(old_address, old_size, new_size, flags, new_address));
}

int MemoryCalls::remap_file_pages(void* address, std::size_t size, int prot, std::size_t page_offset, int flags) {
  // Whole pages only: what of a last one is asked for counts for nothing.
  const auto start = align_down(reinterpret_cast<std::uintptr_t>(address), kPageSize);
  fault::AddressSpace* space = live_space.concerned(reinterpret_cast<const void*>(start), align_down(size, kPageSize));
  return space == nullptr ? real_remap_file_pages(address, size, prot, page_offset, flags)
                          : as_int(space->remap_pages(address, size, prot, page_offset));
}

int MemoryCalls::madvise(void* address, std::size_t length, int advice) {
  fault::AddressSpace* space = live_space.concerned(address, length == 0 ? 1 : length);
  const bool populates = advice == kPopulateRead || advice == kPopulateWrite;
  const bool fails_nothing = length == 0 && (advice == MADV_HWPOISON || advice == kSoftOffline);
  if (space == nullptr && (populates || fails_nothing)) {
    // What a hole means for others' memory has changed since 6.1; a kernel without memory failure does not know it.
    space = live_space.get();
  }
  if (space == nullptr) {
    return real_madvise(address, length, advice);
  }
  fault::PoisonHit hit;
  const int done = as_int(space->advise(address, length, advice, &hit));
  if (hit.address != nullptr) {
    bus_signal.force_memory_failure(hit);
  }
  return done;
}

// Of the process itself; what it says of another the kernel does to the memory files' mappings there, which changes
// nothing that this advice may.
ssize_t MemoryCalls::process_madvise(int pidfd, const iovec* pieces, std::size_t count, int advice, unsigned flags) {
  fault::AddressSpace* space = live_space.get();
  const bool ours = space != nullptr && flags == 0 && count != 0 && count <= kMostPieces &&
                    is_readable(pieces, count * sizeof *pieces) &&
                    std::any_of(pieces, pieces + count,
                                [&](const iovec& piece) { return space->overlaps(piece.iov_base, piece.iov_len); }) &&
                    is_own_pidfd(pidfd);
  if (!ours) {
    return real_process_madvise(pidfd, pieces, count, advice, flags);
  }
  const bool any = space->profile().takes_any_own_advice;
  if (!any && advice != MADV_COLD && advice != MADV_PAGEOUT && advice != MADV_WILLNEED && advice != kCollapse) {
    errno = EINVAL; // process_madvise_behavior_valid()
    return -1;
  }
  ssize_t total = 0;
  for (const iovec& piece : std::span(pieces, count)) {
    fault::PoisonHit none;
    if (const auto done = space->advise(piece.iov_base, piece.iov_len, advice, &none); !done) {
      errno = done.error().value;
      return total != 0 ? total : -1;
    }
    total += static_cast<ssize_t>(piece.iov_len);
  }
  return total;
}

int MemoryCalls::posix_madvise(void* address, std::size_t length, int advice) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  if (space == nullptr || advice == POSIX_MADV_DONTNEED) { // which the C library does not pass on: POSIX keeps the data
    return real_posix_madvise(address, length, advice);
  }
  fault::PoisonHit hit;
  const auto done = space->advise(address, length, advice, &hit);
  return done ? 0 : done.error().value;
}

int MemoryCalls::mlock(const void* address, std::size_t length) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr ? real_mlock(address, length) : as_int(space->lock_memory(address, length, 0));
}

int MemoryCalls::mlock2(const void* address, std::size_t length, unsigned flags) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr ? real_mlock2(address, length, flags)
                          : as_int(space->lock_memory(address, length, static_cast<int>(flags)));
}

int MemoryCalls::mlockall(int flags) {
  const int done = real_mlockall(flags);
  if (done == 0) {
    note_locked_all(flags);
  }
  return done;
}

int MemoryCalls::munlockall() {
  note_locked_all(0);
  return real_munlockall();
}

void MemoryCalls::follow_huge_pages() {
  if (fault::AddressSpace* space = live_space.get(); space != nullptr) {
    space->follow_huge_pages();
  }
}

int MemoryCalls::msync(void* address, std::size_t length, int flags) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr ? real_msync(address, length, flags) : as_int(space->sync(address, length, flags));
}

int MemoryCalls::mincore(void* address, std::size_t length, unsigned char* vector) {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr ? real_mincore(address, length, vector) : as_int(space->in_core(address, length, vector));
}

void* MemoryCalls::shmat(int id, const void* address, int flags) {
  fault::AddressSpace* space = live_space.get();
  if (space == nullptr || address == nullptr || (flags & SHM_REMAP) == 0) {
    return real_shmat(id, address, flags);
  }
  if (const auto at = reinterpret_cast<std::uintptr_t>(address); !is_aligned(at, kPageSize)) { // do_shmat()
    if ((flags & SHM_RND) == 0) {
      return real_shmat(id, address, flags);
    }
    address = static_cast<const char*>(address) - (at - align_down(at, kPageSize));
  }
  struct shmid_ds about {};
  if (shmctl(id, IPC_STAT, &about) != 0 || !space->overlaps(address, about.shm_segsz)) {
    return real_shmat(id, address, flags);
  }
  if (auto can = space->can_replace(address, about.shm_segsz); !can) {
    errno = can.error().value; // do_shmat maps as mmap(2) does
    return reinterpret_cast<void*>(-1);
  }
  void* attached = real_shmat(id, address, flags);
  if (attached == address) {
    space->replaced(address, about.shm_segsz);
  }
  return attached;
}

int MemoryCalls::mseal(void* address, std::size_t length, unsigned long flags) {
  if (fault::AddressSpace* space = live_space.concerned(address, length == 0 ? 1 : length); space != nullptr) {
    return as_int(space->seal(address, length, flags));
  }
  return libc_value(
      sys::call(kMseal, reinterpret_cast<long>(address), static_cast<long>(length), static_cast<long>(flags)), -1);
}

int MemoryCalls::refuses_ioctl(unsigned long request, const void* argument) const {
  const bool registers = request == UFFDIO_REGISTER || request == UFFDIO_UNREGISTER;
  const bool fills = request == UFFDIO_COPY || request == UFFDIO_ZEROPAGE || request == UFFDIO_CONTINUE;
  if (live_space.get() == nullptr || !(registers || fills)) {
    return 0;
  }
  // All begin with the address; the length follows, behind the source in uffdio_copy. Read so that a bad pointer stays
  // the kernel's to refuse.
  std::uint64_t words[3] = {};
  const iovec into = {words, request == UFFDIO_COPY ? sizeof(words) : 2 * sizeof(words[0])};
  const iovec from = {const_cast<void*>(argument), into.iov_len};
  const auto got = sys::call(SYS_process_vm_readv, sys::getpid(), reinterpret_cast<long>(&into), 1,
                             reinterpret_cast<long>(&from), 1, 0);
  const std::uint64_t length = request == UFFDIO_COPY ? words[2] : words[1];
  if (!got || live_space.concerned(reinterpret_cast<const void*>(words[0]), length) == nullptr) {
    return 0;
  }
  return registers ? EINVAL : ENOENT;
}

} // namespace daxemu::preload
