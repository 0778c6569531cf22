#include "runtime/preload/files/rings/uring_calls.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/trace/site.hpp"
#include "emu/trace/why.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/files/io_calls.hpp"
#include "runtime/preload/files/rings/registered_files.hpp"
#include "runtime/preload/files/rings/uring_paths.hpp"
#include "runtime/preload/files/told_refusals.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/paths/watch_events.hpp"

// Newer than the headers of some machines.
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP (1U << 14)
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif

namespace daxemu::preload {
namespace {

// What is done with a request before the kernel is told of it.
struct Treatment {
  enum class Kind : std::uint8_t {
    pass,
    refuse,       // on a device it fails as `operation` does; on an attribute it is made as the call it is like
    close_number, // a number that is ours is closed so that we know
    by_path,      // made as the call it is like, if it names something of ours
  };
  Kind kind = Kind::pass;
  Operation operation = Operation::read;
};

// By opcode, from the table of calls.
constexpr auto kTreatments = [] {
  using enum Operation;
  constexpr Treatment pass{};
  constexpr Treatment close_number{Treatment::Kind::close_number};
  constexpr Treatment by_path{Treatment::Kind::by_path};
  constexpr auto refuse = [](Operation operation) { return Treatment{Treatment::Kind::refuse, operation}; };
  std::array<Treatment, 256> table{};
#define DAXEMU_OPERATION(name, opcode, names, answer, how, call, by) table[opcode] = how;
#include "runtime/calls/every_call.def"
  return table;
}();

// "io_uring READ\0io_uring WRITE\0...", by opcode: those of the table are 0 and following.
constexpr char kNames[] =
#define DAXEMU_OPERATION(name, opcode, names, answer, how, call, by) "io_uring " #name "\0"
#include "runtime/calls/every_call.def"
    ;
static_assert([] {
  unsigned next = 0;
  bool in_order = true;
#define DAXEMU_OPERATION(name, opcode, names, answer, how, call, by) in_order = in_order && (opcode) == next++;
#include "runtime/calls/every_call.def"
  return in_order;
}());
const char* name_of(unsigned opcode) {
  const char* name = kNames;
  for (; opcode > 0; --opcode) {
    name += std::strlen(name) + 1;
  }
  return name;
}

// A descriptor of no regular file, on which the calls fail by which device-dax is none either.
int irregular_file() {
  static constinit std::atomic<int> kept{-1};
  int fd = kept.load(std::memory_order_acquire);
  if (fd >= 0) {
    return fd;
  }
  const auto made = sys::call(SYS_epoll_create1, EPOLL_CLOEXEC);
  auto adopted = made ? fault::PrivateFds::adopt(UniqueFd(static_cast<int>(*made)))
                      : Result<UniqueFd>(tl::unexpected(made.error()));
  if (!adopted) {
    return -1;
  }
  if (kept.compare_exchange_strong(fd, adopted->get())) {
    return adopted->release();
  }
  fault::PrivateFds::forget(adopted->get());
  return fd;
}

// On a descriptor of no regular file the calls fail by which device-dax is none either; what else fails, fails with
// `error` when it is performed, and not when it is submitted: the requests behind it go on as they would.
void refuse(io_uring_sqe& request, int error) {
  const bool stands_for_it = error == ENODEV || error == ESPIPE;
  if (stands_for_it || (request.flags & IOSQE_FIXED_FILE) != 0) { // whose number is none of a descriptor
    request.flags &= static_cast<std::uint8_t>(~(IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT));
    request.fd = irregular_file(); // -1, so EBADF, if there is none
  }
  if (!stands_for_it) {
    fail_with(request, error);
  }
}

// The error of a request on a descriptor, or on file `number` of the ring's table; 0: no device's.
int refusal_of(int ring, int number, bool registered, Operation operation) {
  if (!registered) {
    return device_refusal(number, operation);
  }
  const int flags = RegisteredFiles::flags_of(ring, static_cast<unsigned>(number));
  return flags < 0 ? 0 : device_refusal_by_flags(flags, operation);
}

// On an attribute or a disk the kernel finds the file that stands for it.
bool is_made_here(int fd) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  const FdClass what = context == nullptr ? FdClass::foreign : context->descriptors().classify(fd);
  return what == FdClass::attribute || what == FdClass::disk;
}

// What a request has read from an inotify instance of /dev (watch_events.hpp), or its -errno. Nothing: it is another's,
// or there is nothing to read yet: what the kernel waits for it reads as it is.
std::optional<long> read_queued_events(const io_uring_sqe& request) {
  const bool in_pieces = request.opcode == IORING_OP_READV;
  if ((!in_pieces && request.opcode != IORING_OP_READ) || FdTable::is_foreign(request.fd)) {
    return std::nullopt;
  }
  const Context* context = Context::get();
  if (context == nullptr || context->descriptors().classify(request.fd) != FdClass::watcher) {
    return std::nullopt;
  }
  const auto read_queued = [fd = request.fd](void* into, std::size_t size) {
    int queued = 0;
    const auto asked = sys::call(SYS_ioctl, fd, FIONREAD, reinterpret_cast<long>(&queued));
    return libc_value<ssize_t>(asked && queued == 0
                                   ? Result<long>(fail(EAGAIN))
                                   : sys::call(SYS_read, fd, reinterpret_cast<long>(into), static_cast<long>(size)),
                               -1);
  };
  const int kept = errno;
  auto* const memory = reinterpret_cast<void*>(request.addr); // NOLINT(performance-no-int-to-ptr)
  const auto* const pieces = static_cast<const iovec*>(memory);
  const int count = static_cast<int>(request.len);
  if (in_pieces && !are_pieces(pieces, count)) {
    return std::nullopt;
  }
  const ssize_t got = in_pieces ? read_events_slow(request.fd, pieces, count, read_queued)
                                : read_events_slow(request.fd, memory, request.len, read_queued);
  const int code = std::exchange(errno, kept);
  return got >= 0 ? std::optional<long>(got) : code == EAGAIN ? std::nullopt : std::optional<long>(-code);
}

void look_at(io_uring_sqe& request, int ring, PerformCall perform, const void* caller) {
  const Treatment& treatment = kTreatments[request.opcode];
  const bool registered = (request.flags & IOSQE_FIXED_FILE) != 0;
  const auto make = [&] { complete_with(request, ring, perform(call_of(request))); };
  switch (treatment.kind) {
  case Treatment::Kind::pass:
    return;
  case Treatment::Kind::refuse: {
    int error = refusal_of(ring, request.fd, registered, treatment.operation);
    int fd = registered ? -1 : request.fd; // whose refusal it is
    if (treatment.operation == Operation::copy && error == 0) {
      const bool registered_in = (request.splice_flags & SPLICE_F_FD_IN_FIXED) != 0;
      error = refusal_of(ring, request.splice_fd_in, registered_in, treatment.operation);
      fd = registered_in ? -1 : request.splice_fd_in;
    }
    if (error != 0) {
      if (trace::explains()) {
        const trace::CallSite here(caller);
        note_device_refusal(fd, treatment.operation, error);
        trace::tell_refusal(error, name_of(request.opcode));
      }
      refuse(request, error);
    } else if (!registered && (request.flags & IOSQE_BUFFER_SELECT) == 0 && call_of(request).number >= 0 &&
               is_made_here(request.fd)) {
      make();
    } else if (!registered && (request.flags & IOSQE_BUFFER_SELECT) == 0) {
      if (const auto got = read_queued_events(request); got) {
        complete_with(request, ring, *got);
      }
    }
    return;
  }
  case Treatment::Kind::close_number:
    if (request.file_index == 0 && !registered && !closes_plainly(request.fd)) {
      make();
    }
    return;
  case Treatment::Kind::by_path:
    if (concerns_ours(request)) {
      make();
    }
    return;
  }
}

constexpr int kFree = 0;
constexpr int kTaken = -1;

// A part of a ring's memory. Nothing that would have to be destroyed when the program ends: each program would say so
// when it starts, of which hardly one has a ring.
struct View {
  void* address = nullptr;
  std::size_t length = 0;

  static View of(int fd, std::size_t length, std::uint64_t offset) {
    const auto mapped = sys::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    return mapped ? View{*mapped, length} : View{};
  }
  void end() {
    if (address != nullptr) {
      (void)sys::munmap(std::exchange(address, nullptr), std::exchange(length, 0));
    }
  }
};

struct RawRing {
  std::atomic<int> number{kFree}; // descriptor + 1: all zero, the table is in no file
  View control;
  View entries;
  io_sqring_offsets offsets{};
  unsigned shift = 0;
  bool in_order = false; // the kernel takes entries without looking at the array of indices

  [[nodiscard]] unsigned* word(std::uint32_t offset) const {
    return reinterpret_cast<unsigned*>(static_cast<std::byte*>(control.address) + offset);
  }
};
// Never destroyed: threads may still run while the process exits.
static_assert(std::is_trivially_destructible_v<RawRing>);
constinit std::array<RawRing, 64> rings{};
DAXEMU_OFTEN constinit std::atomic<int> rings_open{0};

} // namespace

void refuse_device_requests(const ::io_uring& ring, PerformCall perform, const void* caller) noexcept {
  const unsigned mask = *ring.sq.kring_mask;
  const unsigned shift = (ring.flags & IORING_SETUP_SQE128) != 0 ? 1 : 0;
  for (unsigned at = ring.sq.sqe_head; at != ring.sq.sqe_tail; ++at) {
    look_at(ring.sq.sqes[(at & mask) << shift], ring.ring_fd, perform, caller);
  }
}

void RawRings::opened(int fd, const io_uring_params& params) noexcept {
  closed(static_cast<unsigned>(fd), static_cast<unsigned>(fd));
  if ((params.flags & IORING_SETUP_NO_MMAP) != 0) {
    return;
  }
  const unsigned shift = (params.flags & IORING_SETUP_SQE128) != 0 ? 1 : 0;
  // Views of our own: the program maps the ring when and where it likes. Newer kernels take no hint here.
  View control = View::of(fd, params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
  View entries = View::of(fd, (params.sq_entries * sizeof(io_uring_sqe)) << shift, IORING_OFF_SQES);
  const auto free_one = [] {
    for (RawRing& ring : rings) {
      int free = kFree;
      if (ring.number.compare_exchange_strong(free, kTaken)) {
        return &ring;
      }
    }
    return static_cast<RawRing*>(nullptr);
  };
  RawRing* const ring = control.address == nullptr || entries.address == nullptr ? nullptr : free_one();
  if (ring == nullptr) {
    control.end();
    entries.end();
    return;
  }
  ring->control = control;
  ring->entries = entries;
  ring->offsets = params.sq_off;
  ring->shift = shift;
  ring->in_order = (params.flags & IORING_SETUP_NO_SQARRAY) != 0;
  FdTable::watch_closes();
  ring->number.store(fd + 1, std::memory_order_release);
  rings_open.fetch_add(1, std::memory_order_release);
}

void RawRings::entering(int fd, PerformCall perform) noexcept {
  if (rings_open.load(std::memory_order_acquire) == 0) {
    return;
  }
  const auto ring = std::find_if(rings.begin(), rings.end(), [fd](const RawRing& one) {
    return one.number.load(std::memory_order_acquire) == fd + 1;
  });
  if (ring == rings.end()) {
    return;
  }
  const unsigned mask = *ring->word(ring->offsets.ring_mask);
  auto* entries = static_cast<io_uring_sqe*>(ring->entries.address);
  const unsigned tail = std::atomic_ref(*ring->word(ring->offsets.tail)).load(std::memory_order_acquire);
  unsigned at = std::atomic_ref(*ring->word(ring->offsets.head)).load(std::memory_order_acquire);
  for (unsigned left = std::min(tail - at, mask + 1); left > 0; --left, ++at) {
    const unsigned index = ring->in_order ? at & mask : ring->word(ring->offsets.array)[at & mask];
    if (index <= mask) {
      look_at(entries[index << ring->shift], fd, perform, nullptr);
    }
  }
}

DAXEMU_START_PATH bool RawRings::any() noexcept {
  return rings_open.load(std::memory_order_acquire) != 0 || RegisteredFiles::any();
}

void RawRings::closed(unsigned first, unsigned last) noexcept {
  RegisteredFiles::forget_rings(first, last);
  if (rings_open.load(std::memory_order_acquire) == 0 || !OwnProcess::calls()) {
    return;
  }
  for (RawRing& ring : rings) {
    int number = ring.number.load(std::memory_order_acquire);
    const auto fd = static_cast<unsigned>(number - 1);
    if (number > 0 && fd >= first && fd <= last && ring.number.compare_exchange_strong(number, kTaken)) {
      ring.control.end();
      ring.entries.end();
      rings_open.fetch_sub(1, std::memory_order_release);
      ring.number.store(kFree, std::memory_order_release);
    }
  }
}

} // namespace daxemu::preload
