#include "runtime/preload/pins/pipe_pins.hpp"

#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/fd_table.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "runtime/fault/process/table_lock.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/pins/held_device.hpp"
#include "runtime/preload/pins/held_range.hpp"

namespace daxemu::preload {
namespace {

struct PipeId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const PipeId&, const PipeId&) = default;
};

// A page in a pipe, or the part of it that was spliced.
struct PipePage {
  HeldDevice* device = nullptr;
  std::uint64_t pgoff = 0;
  std::uint32_t bytes = 0;
  int fd = 0; // by which the pipe can be asked
  PipeId pipe;
};

constexpr std::size_t kMost = 4096; // pages; of more the oldest are no longer accounted

struct Pages {
  fault::TableLock lock;
  std::array<PipePage, kMost> all; // in the order they were spliced
  std::size_t count = 0;
};
constinit Pages pages{};
DAXEMU_OFTEN constinit std::atomic<bool> any_pipe{false};

std::optional<PipeId> pipe_of(int fd) {
  const auto st = sys::fstat(fd);
  if (!st || !S_ISFIFO(st->st_mode)) {
    return std::nullopt;
  }
  return PipeId{st->st_dev, st->st_ino};
}

// Bytes in the pipe; none where it cannot be asked.
std::uint64_t bytes_in(const PipePage& page) {
  if (pipe_of(page.fd) != page.pipe) {
    return 0;
  }
  int bytes = 0;
  const auto asked = sys::call(SYS_ioctl, page.fd, FIONREAD, reinterpret_cast<long>(&bytes));
  return asked && bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

// Keeps those for which keep(page) says so. Under the lock.
template <class Keep>
void keep_only(Keep keep) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < pages.count; ++at) {
    if (keep(pages.all[at])) {
      pages.all[kept++] = pages.all[at];
    } else {
      pages.all[at].device->drop(pages.all[at].pgoff, 1, kPipePage);
    }
  }
  pages.count = kept;
  any_pipe.store(kept > 0, std::memory_order_release);
}

// A pipe is first in, first out: of a pipe's pages the last bytes_in() bytes' worth is still there. Under the lock.
void settle_locked() {
  for (std::size_t at = 0; at < pages.count; ++at) {
    const PipePage first = pages.all[at];
    if (std::any_of(pages.all.begin(), pages.all.begin() + static_cast<std::ptrdiff_t>(at),
                    [&](const PipePage& before) { return before.pipe == first.pipe; })) {
      continue; // this pipe has been looked at
    }
    std::uint64_t ours = 0;
    for (std::size_t later = at; later < pages.count; ++later) {
      ours += pages.all[later].pipe == first.pipe ? pages.all[later].bytes : 0;
    }
    const std::uint64_t there = bytes_in(first);
    std::uint64_t gone = ours > there ? ours - there : 0;
    for (std::size_t later = at; later < pages.count && gone >= pages.all[later].bytes; ++later) {
      if (pages.all[later].pipe == first.pipe) {
        gone -= pages.all[later].bytes;
        pages.all[later].bytes = 0; // marks it; a page of no bytes was never spliced
      }
    }
  }
  keep_only([](const PipePage& page) { return page.bytes != 0; });
}

void add_page(const PipePage& page, std::uint64_t site) {
  if (pages.count == kMost) {
    pages.all[0].bytes = 0;
    keep_only([](const PipePage& one) { return one.bytes != 0; });
  }
  if (page.device->take(page.pgoff, 1, kPipePage, site)) {
    pages.all[pages.count++] = page;
    FdTable::watch_closes();
    any_pipe.store(true, std::memory_order_release);
  }
}

// `spliced` bytes of the pieces are in the pipe now.
void note_spliced(int fd, const iovec* pieces, std::size_t count, std::size_t spliced, std::uint64_t site) {
  const auto pipe = pipe_of(fd);
  if (!pipe) {
    return;
  }
  for (std::size_t at = 0; at < count && spliced > 0; ++at) {
    iovec piece{};
    if (!copy_in(&piece, pieces + at, sizeof(piece))) {
      return;
    }
    const auto begin = reinterpret_cast<std::uint64_t>(piece.iov_base);
    const std::uint64_t end = begin + std::min(piece.iov_len, spliced);
    spliced -= end - begin;
    fault::AddressSpace* space = live_space.concerned(piece.iov_base, end - begin);
    if (space == nullptr) {
      continue;
    }
    for (auto part = space->first_piece(begin, end); part; part = space->first_piece(part->end, end)) {
      HeldDevice* device = HeldDevice::of(*part->view, space->profile());
      if (device == nullptr) {
        continue;
      }
      const fault::TableGuard guard(pages.lock);
      for (std::uint64_t address = part->start; address < part->end;) {
        const std::uint64_t next = std::min(align_down(address, kPageSize) + kPageSize, part->end);
        add_page({device, (part->offset + (address - part->start)) >> kPageShift,
                  static_cast<std::uint32_t>(next - address), fd, *pipe},
                 site);
        address = next;
      }
    }
  }
}

bool is_full(int fd) {
  pollfd ready = {fd, POLLOUT, 0};
  timespec now = {0, 0};
  const auto asked = sys::call(SYS_ppoll, reinterpret_cast<long>(&ready), 1, reinterpret_cast<long>(&now), 0);
  return asked && *asked == 0;
}

// As far as the pieces can be read; a bad pointer stays the kernel's to refuse. A pipe has no more pages than that.
void find_writable(const iovec* pieces, std::size_t count) {
  constexpr std::size_t kMostLooked = 16;
  for (std::size_t at = 0; at < std::min(count, kMostLooked); ++at) {
    iovec piece{};
    if (!copy_in(piece, pieces + at)) {
      return;
    }
    const std::size_t length = std::min<std::size_t>(piece.iov_len, kMost * kPageSize);
    if (fault::AddressSpace* space = live_space.concerned(piece.iov_base, length); space != nullptr) {
      space->find_writable(piece.iov_base, length);
    }
  }
}

} // namespace

DAXEMU_START_PATH bool pipes_hold() noexcept {
  return any_pipe.load(std::memory_order_acquire);
}

ssize_t vmsplice_call(int fd, const iovec* pieces, std::size_t count, std::uint64_t site, FunctionRef<ssize_t()> real) {
  if (live_space.get() == nullptr) {
    return real();
  }
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  const bool into_pipe = flags && (*flags & O_ACCMODE) != O_RDONLY; // not out of it
  ssize_t done = -EFAULT;
  if (into_pipe && fault::Engine::misses_kernel_touches() && is_full(fd)) {
    done = real(); // wait_for_space: nothing is touched before there is room, perhaps never
  }
  if (done == -EFAULT || (done == -1 && errno == EFAULT)) {
    pretouch(pieces, static_cast<int>(count), into_pipe ? PROT_READ | fault::kPresentDoes : PROT_WRITE);
    if (into_pipe) {
      find_writable(pieces, count);
    }
    done = real();
  }
  if (done > 0 && into_pipe) {
    settle_pipes();
    note_spliced(fd, pieces, count, static_cast<std::size_t>(done), site);
  }
  return done;
}

void settle_pipes() noexcept {
  if (pipes_hold()) {
    const fault::TableGuard guard(pages.lock);
    settle_locked();
  }
}

void pipes_closed(unsigned first, unsigned last) noexcept {
  if (!pipes_hold()) {
    return;
  }
  const fault::TableGuard guard(pages.lock);
  constexpr int kLooks = 1024; // descriptors, in search of another of the same pipe
  for (std::size_t at = 0; at < pages.count; ++at) {
    PipePage& page = pages.all[at];
    if (static_cast<unsigned>(page.fd) < first || static_cast<unsigned>(page.fd) > last ||
        pipe_of(page.fd) == page.pipe) {
      continue;
    }
    const int gone = page.fd;
    int other = 0;
    while (other < kLooks && pipe_of(other) != page.pipe) {
      ++other;
    }
    for (std::size_t later = at; later < pages.count; ++later) {
      if (pages.all[later].pipe == page.pipe && pages.all[later].fd == gone) {
        pages.all[later].fd = other < kLooks ? other : -1;
      }
    }
  }
  settle_locked();
}

void pipes_before_fork() {
  pages.lock.lock();
}

void pipes_after_fork(bool in_child) {
  if (!in_child) {
    pages.lock.unlock();
    return;
  }
  pages.count = 0;
  any_pipe.store(false);
  pages.lock.reset();
}

} // namespace daxemu::preload
