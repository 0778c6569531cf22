#include "runtime/fault/write_back/write_pipe.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {

Result<std::unique_ptr<WritePipe>> WritePipe::open(const std::string& path, unsigned depth) {
  auto pipe = std::make_unique<WritePipe>(depth);
  auto direct = sys::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_DIRECT);
  if (!direct && direct.error() == Errno{EINVAL}) {
    direct = sys::open(path.c_str(), O_WRONLY | O_CLOEXEC); // tmpfs knows no O_DIRECT
  }
  if (!direct) {
    return tl::unexpected(direct.error());
  }
  pipe->file_ = UniqueFd(*direct);
  const std::uint64_t room = align_up(depth * kPiece, kPmdSize);
  auto memory = Mapping::of(-1, room + kPmdSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  if (!memory) {
    return tl::unexpected(memory.error());
  }
  pipe->memory_ = std::move(*memory);
  const auto start = reinterpret_cast<std::uintptr_t>(pipe->memory_.data());
  pipe->buffers_ = pipe->memory_.bytes().subspan(align_up(start, kPmdSize) - start, room);
  // A piece is two segments to the disk then, or one, not 256: 87 to 101 ms for 256M, 140 to 162 without.
  (void)sys::madvise(pipe->buffers_.data(), pipe->buffers_.size(), MADV_HUGEPAGE);
  // Where io_uring is refused (containers, kernel.io_uring_disabled) each piece is written before the next one.
  pipe->up_ = ::io_uring_queue_init(depth, &pipe->ring_, 0) == 0;
  if (pipe->up_) {
    pipe->places_ = ::io_uring_register_buffers_sparse(&pipe->ring_, depth) == 0; // Linux 5.19
  }
  for (unsigned at = 0; at < depth; ++at) {
    pipe->free_.push_back(at); // the last one is taken first, so the one whose bytes the processor still has
  }
  return pipe;
}

WritePipe::~WritePipe() {
  if (up_) {
    (void)drain(); // the kernel still writes from our buffers
    ::io_uring_queue_exit(&ring_);
  }
}

Result<unsigned> WritePipe::take() {
  while (free_.empty()) {
    if (auto got = reap(); !got) {
      return tl::unexpected(got.error());
    }
  }
  const unsigned buffer = free_.back();
  free_.pop_back();
  return buffer;
}

Result<void> WritePipe::write(unsigned buffer_index, std::uint64_t length, std::uint64_t offset, std::uint64_t whose) {
  whose_[buffer_index] = whose;
  if (!up_) {
    const auto written = write_whole(file_.get(), buffer(buffer_index, length), offset);
    return ended(buffer_index, length, written ? 0 : written.error().value);
  }
  io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
  if (entry == nullptr) {
    return fail(EAGAIN); // as deep as there are buffers, so this cannot be
  }
  const std::span<std::byte> bytes = buffer(buffer_index, length);
  const auto size = static_cast<unsigned>(bytes.size());
  if (is_held(buffer_index)) {
    ::io_uring_prep_write_fixed(entry, file_.get(), bytes.data(), size, offset, static_cast<int>(buffer_index));
  } else {
    ::io_uring_prep_write(entry, file_.get(), bytes.data(), size, offset);
  }
  entry->user_data = (length << 8U) | buffer_index;
  if (const int sent = ::io_uring_submit(&ring_); sent < 0) {
    return fail(-sent); // not under way: nobody may wait for it
  }
  ++under_way_;
  return {};
}

Result<void> WritePipe::drain() {
  Result<void> first;
  while (under_way_ > 0) {
    if (auto got = reap(); !got && first) {
      first = got;
    }
  }
  return first;
}

// Is the buffer held by the kernel once, not for each write? From its first use on: a fast disk has time for a few of
// them only, and the others are no memory: six huge pages at once took 34 ms on a virtual machine that gives free
// ones back to its host; one by one it is while the disk writes. Where that is more than may be locked, for each.
bool WritePipe::is_held(unsigned at) {
  if (places_ && !held_[at]) {
    const iovec one{buffer(at, kPiece).data(), kPiece};
    places_ = ::io_uring_register_buffers_update_tag(&ring_, at, &one, nullptr, 1) == 1;
    held_[at] = places_;
  }
  return held_[at];
}

// The write from `buffer`, with this errno or 0.
Result<void> WritePipe::ended(unsigned buffer, std::uint64_t length, int error) {
  give_back(buffer);
  if (error != 0) {
    failed_of_ = failed_of_.value_or(whose_[buffer]);
    return fail(error);
  }
  bytes_written_ += length;
  return {};
}

Result<void> WritePipe::reap() {
  io_uring_cqe* done = nullptr;
  int got = 0;
  do {
    got = ::io_uring_wait_cqe(&ring_, &done);
  } while (got == -EINTR);
  if (got < 0) {
    under_way_ = 0; // the ring is broken: nothing more will come
    return fail(-got);
  }
  const std::uint64_t length = done->user_data >> 8U;
  const int result = done->res;
  const auto from = static_cast<unsigned>(done->user_data & 0xffU);
  ::io_uring_cqe_seen(&ring_, done);
  --under_way_;
  const bool is_short = static_cast<std::uint64_t>(std::max(result, 0)) != length; // the disk is full
  return ended(from, length, result < 0 ? -result : is_short ? ENOSPC : 0);
}

} // namespace daxemu::fault
