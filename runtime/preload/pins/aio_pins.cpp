#include "runtime/preload/pins/aio_pins.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>

#include "runtime/fault/process/table_lock.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/pins/direct_io.hpp"
#include "runtime/preload/pins/held_device.hpp"
#include "runtime/preload/pins/held_range.hpp"

namespace daxemu::preload {
namespace {

// Head of the ring that an aio_context_t is the address of (struct aio_ring in fs/aio.c); events follow it.
struct Ring {
  std::uint32_t id;
  std::uint32_t events; // there is room for
  std::uint32_t head;
  std::uint32_t tail; // where the kernel puts the next event
  std::uint32_t magic;
  std::uint32_t compatible;
  std::uint32_t incompatible;
  std::uint32_t header_length;
};
constexpr std::uint32_t kRingMagic = 0xa10a10a1;

// A run of pages that a request under way has. A request may have several.
struct Flight {
  aio_context_t context = 0;
  std::uint64_t request = 0; // address of the iocb, which its event names
  HeldDevice* device = nullptr;
  std::uint64_t pgoff = 0;
  std::uint64_t nr_pages = 0;
};
struct Known {
  aio_context_t context = 0;
  std::uint32_t id = 0;   // the ring's: another one may come to the same address
  std::uint32_t seen = 0; // events before this place of the ring have been looked at
};

constexpr std::size_t kMostFlights = 4096; // of more the youngest are not accounted
constexpr std::size_t kMostContexts = 256;

struct Table {
  fault::TableLock lock;
  std::array<Flight, kMostFlights> flights;
  std::size_t count = 0;
  std::array<Known, kMostContexts> contexts; // those that have, or had, a flight
  std::size_t context_count = 0;
};
constinit Table table{};
constinit std::atomic<bool> any_aio{false};

bool read_ring(aio_context_t context, Ring& ring) {
  const auto* const at = reinterpret_cast<const void*>(context); // NOLINT(performance-no-int-to-ptr)
  return copy_in(&ring, at, sizeof ring) && ring.magic == kRingMagic && ring.tail < ring.events;
}

// Drops the flights for which gone(flight) says so. Under the lock.
template <class Gone>
void drop_if(Gone gone) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < table.count; ++at) {
    const Flight& flight = table.flights[at];
    if (gone(flight)) {
      flight.device->drop(flight.pgoff, flight.nr_pages, kDirectIo);
    } else {
      table.flights[kept++] = flight;
    }
  }
  table.count = kept;
  any_aio.store(kept > 0, std::memory_order_release);
}

// No event is missed: a ring has room for all requests under way, and is looked at before each submission. Under the
// lock.
void settle(Known& known) {
  Ring ring{};
  const bool readable = read_ring(known.context, ring);
  if (!readable || ring.id != known.id) {
    drop_if([&](const Flight& flight) { return flight.context == known.context; });
    known.id = ring.id;
    known.seen = readable ? ring.tail : 0;
    return;
  }
  for (; known.seen != ring.tail; known.seen = (known.seen + 1) % ring.events) {
    io_event event{};
    const std::uint64_t place = known.context + ring.header_length + known.seen * sizeof(io_event);
    const auto* const there = reinterpret_cast<const void*>(place); // NOLINT(performance-no-int-to-ptr)
    if (!copy_in(&event, there, sizeof event)) {
      return;
    }
    drop_if([&](const Flight& flight) { return flight.context == known.context && flight.request == event.obj; });
  }
}

// What is done is dropped before more is taken: an extent is held once by a program that has one request at a time.
// False: it is no context, or there is no room for another.
bool is_settled(aio_context_t context) {
  const fault::TableGuard guard(table.lock);
  for (std::size_t at = 0; at < table.context_count; ++at) {
    if (table.contexts[at].context == context) {
      settle(table.contexts[at]);
      return true;
    }
  }
  Ring ring{};
  if (table.context_count == kMostContexts || !read_ring(context, ring)) {
    return false;
  }
  table.contexts[table.context_count++] = {context, ring.id, ring.tail};
  return true;
}

// What cannot be held is the kernel's to refuse, or to stop at.
void hold(aio_context_t context, std::uint64_t request, const iovec& piece, bool write, std::uint64_t site) {
  if (!DirectIo::concerns(piece.iov_base, piece.iov_len) || !is_settled(context)) {
    return;
  }
  auto held = HeldRange::take(piece, kDirectIo, write, site);
  if (!held) {
    return;
  }
  for (const HeldRange::Run& run : held->hand_over()) {
    const fault::TableGuard guard(table.lock);
    if (table.count == kMostFlights) {
      run.device->drop(run.pgoff, run.nr_pages, kDirectIo);
      continue;
    }
    table.flights[table.count++] = {context, request, run.device, run.pgoff, run.nr_pages};
    any_aio.store(true, std::memory_order_release);
  }
}

void hold_request(aio_context_t context, const iocb& request, std::uint64_t site) {
  const bool vector = request.aio_lio_opcode == IOCB_CMD_PREADV || request.aio_lio_opcode == IOCB_CMD_PWRITEV;
  const bool reads = request.aio_lio_opcode == IOCB_CMD_PREAD || request.aio_lio_opcode == IOCB_CMD_PREADV;
  if (!vector && !reads && request.aio_lio_opcode != IOCB_CMD_PWRITE) {
    return;
  }
  const iovec whole{reinterpret_cast<void*>(request.aio_buf), request.aio_nbytes}; // NOLINT(performance-no-int-to-ptr)
  const std::uint64_t count = vector ? std::min<std::uint64_t>(request.aio_nbytes, IOV_MAX) : 1;
  if (!vector && !DirectIo::concerns(whole.iov_base, whole.iov_len)) {
    return;
  }
  std::size_t room = direct_room(static_cast<int>(request.aio_fildes), reads ? MemoryIs::written : MemoryIs::read);
  for (std::uint64_t at = 0; at < count; ++at) {
    iovec piece = whole;
    if (vector && !copy_in(&piece, static_cast<const iovec*>(whole.iov_base) + at, sizeof piece)) {
      return;
    }
    pretouch(piece.iov_base, piece.iov_len, reads ? PROT_WRITE : PROT_READ);
    piece.iov_len = std::min(piece.iov_len, room);
    room -= piece.iov_len;
    if (piece.iov_len != 0) {
      hold(context, reinterpret_cast<std::uint64_t>(&request), piece, reads, site);
    }
  }
}

} // namespace

void hold_requests(aio_context_t context, std::span<iocb* const> requests, std::uint64_t site) {
  for (const iocb* request : requests) {
    if (request == nullptr) {
      return; // the kernel stops there
    }
    hold_request(context, *request, site);
  }
}

void drop_requests(aio_context_t context, std::span<iocb* const> requests) {
  if (!any_aio.load(std::memory_order_acquire)) {
    return;
  }
  const fault::TableGuard guard(table.lock);
  for (const iocb* request : requests) {
    drop_if([&](const Flight& flight) {
      return flight.context == context && flight.request == reinterpret_cast<std::uint64_t>(request);
    });
  }
}

void drop_context(aio_context_t context) {
  const fault::TableGuard guard(table.lock);
  drop_if([&](const Flight& flight) { return flight.context == context; });
  const auto begin = table.contexts.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(table.context_count);
  const auto left = std::remove_if(begin, end, [&](const Known& known) { return known.context == context; });
  table.context_count = static_cast<std::size_t>(left - begin);
}

void settle_aio() noexcept {
  if (any_aio.load(std::memory_order_acquire)) {
    const fault::TableGuard guard(table.lock);
    for (std::size_t at = 0; at < table.context_count; ++at) {
      settle(table.contexts[at]);
    }
  }
}

void aio_before_fork() {
  table.lock.lock();
}

void aio_after_fork(bool in_child) {
  if (!in_child) {
    table.lock.unlock();
    return;
  }
  table.count = 0; // a child has none of its parent's contexts
  table.context_count = 0;
  any_aio.store(false);
  table.lock.reset();
}

} // namespace daxemu::preload
