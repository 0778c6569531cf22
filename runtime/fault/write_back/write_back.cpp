#include "runtime/fault/write_back/write_back.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>

#include "emu/base/mapping.hpp"
#include "emu/base/whole_io.hpp"
#include "runtime/fault/write_back/dirty_tracker.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kPiece = 1ULL << 20; // bytes of one write
constexpr unsigned kDepth = 12;              // pieces that have a buffer: being filled, or on their way
constexpr std::size_t kHeld = 4;             // of them, of one extent that may turn out not to be written
constexpr std::size_t kBatch = 256;          // extents a commit makes durable at once
constexpr std::size_t kStep = 128UL << 10;   // bytes read and added up at once

} // namespace

// Pieces on their way to the disk. A piece's buffer is free again when its write has been confirmed.
class WriteBack::Pipe {
public:
  [[nodiscard]] static Result<std::unique_ptr<Pipe>> open(const std::string& path) {
    auto pipe = std::make_unique<Pipe>();
    auto direct = sys::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_DIRECT);
    if (!direct && direct.error() == Errno{EINVAL}) {
      direct = sys::open(path.c_str(), O_WRONLY | O_CLOEXEC); // tmpfs knows no O_DIRECT
    }
    if (!direct) {
      return tl::unexpected(direct.error());
    }
    pipe->file_ = UniqueFd(*direct);
    auto memory = Mapping::of(-1, kDepth * kPiece + kPmdSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    if (!memory) {
      return tl::unexpected(memory.error());
    }
    pipe->memory_ = std::move(*memory);
    const auto start = reinterpret_cast<std::uintptr_t>(pipe->memory_.data());
    pipe->buffers_ = pipe->memory_.bytes().subspan(align_up(start, kPmdSize) - start, kDepth * kPiece);
    // A piece is two segments to the disk then, or one, not 256: 87 to 101 ms for 256M, 140 to 162 without.
    (void)sys::madvise(pipe->buffers_.data(), pipe->buffers_.size(), MADV_HUGEPAGE);
    // Where io_uring is refused (containers, kernel.io_uring_disabled) each piece is written before the next one.
    pipe->up_ = ::io_uring_queue_init(kDepth, &pipe->ring_, 0) == 0;
    if (pipe->up_) {
      pipe->places_ = ::io_uring_register_buffers_sparse(&pipe->ring_, kDepth) == 0; // Linux 5.19
    }
    for (unsigned at = 0; at < kDepth; ++at) {
      pipe->free_.push_back(at); // the last one is taken first, so the one whose bytes the processor still has
    }
    return pipe;
  }

  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (up_) {
      (void)drain(); // the kernel still writes from our buffers
      ::io_uring_queue_exit(&ring_);
    }
  }

  // A buffer nobody uses, waiting for one if need be. Errors: those of a write that was under way.
  [[nodiscard]] Result<unsigned> take() {
    while (free_.empty()) {
      if (auto got = reap(); !got) {
        return tl::unexpected(got.error());
      }
    }
    const unsigned buffer = free_.back();
    free_.pop_back();
    return buffer;
  }
  void give_back(unsigned buffer) { free_.push_back(buffer); }
  [[nodiscard]] std::span<std::byte> buffer(unsigned at, std::uint64_t length) const {
    return buffers_.subspan(at * kPiece, length);
  }
  [[nodiscard]] Result<void> write(unsigned buffer_index, std::uint64_t length, std::uint64_t offset) {
    if (!up_) {
      const auto written = write_whole(file_.get(), buffer(buffer_index, length), offset);
      give_back(buffer_index);
      return written;
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
    ++under_way_;
    const int sent = ::io_uring_submit(&ring_);
    return sent < 0 ? Result<void>(fail(-sent)) : Result<void>();
  }
  [[nodiscard]] Result<void> drain() {
    Result<void> first;
    while (under_way_ > 0) {
      if (auto got = reap(); !got && first) {
        first = got;
      }
    }
    return first;
  }

private:
  // Is the buffer held by the kernel once, not for each write? From its first use on: a fast disk has time for a few of
  // them only, and the others are no memory: six huge pages at once took 34 ms on a virtual machine that gives free
  // ones back to its host; one by one it is while the disk writes. Where that is more than may be locked, for each.
  [[nodiscard]] bool is_held(unsigned at) {
    if (places_ && !held_[at]) {
      const iovec one{buffer(at, kPiece).data(), kPiece};
      places_ = ::io_uring_register_buffers_update_tag(&ring_, at, &one, nullptr, 1) == 1;
      held_[at] = places_;
    }
    return held_[at];
  }
  [[nodiscard]] Result<void> reap() {
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
    free_.push_back(static_cast<unsigned>(done->user_data & 0xffU));
    ::io_uring_cqe_seen(&ring_, done);
    --under_way_;
    if (result < 0) {
      return fail(-result);
    }
    return static_cast<std::uint64_t>(result) == length ? Result<void>()
                                                        : fail(ENOSPC); // a short write: the disk is full
  }

  UniqueFd file_;
  Mapping memory_;
  std::span<std::byte> buffers_; // of it
  io_uring ring_{};
  bool up_ = false;
  bool places_ = false; // there are places for buffers to be held in
  std::array<bool, kDepth> held_{};
  unsigned under_way_ = 0;
  std::vector<unsigned> free_;
};

// Do these bytes differ from the image's version?
bool WriteBack::differs(ExtentIndex extent, const Sum& now) const {
  return now.zero ? image_.has_data(extent) : !image_.has_data(extent) || image_.checksum(extent) != now.checksum;
}

// Bytes of the device are read, not mapped: what nobody has touched reads as zero and is not allocated by that
// (shmem_file_read_iter, hugetlbfs_read_iter). In steps that the processor's cache keeps until they are added up.
Result<bool> WriteBack::read_piece(std::span<std::byte> into, std::uint64_t offset, backing::Checksum& hash) const {
  bool zero = true;
  for (std::size_t at = 0; at < into.size(); at += kStep) {
    const auto step = into.subspan(at, std::min(kStep, into.size() - at));
    if (auto got = read_whole(bytes_, step, offset + at); !got) {
      return tl::unexpected(got.error());
    }
    hash.add(step);
    zero = zero && backing::Image::all_zero(step);
  }
  return zero;
}

Result<WriteBack::Sum> WriteBack::sum_of(ExtentIndex extent, std::span<std::byte> scratch) const {
  backing::Checksum hash;
  Sum sum{.checksum = 0, .zero = true};
  const std::uint64_t base = extent.value() * image_.extent_size();
  for (std::uint64_t at = 0; at < image_.extent_size(); at += scratch.size()) {
    const auto piece = scratch.first(std::min<std::uint64_t>(scratch.size(), image_.extent_size() - at));
    const auto zero = read_piece(piece, base + at, hash);
    if (!zero) {
      return tl::unexpected(zero.error());
    }
    sum.zero = sum.zero && *zero;
  }
  sum.checksum = hash.value();
  return sum;
}

// Sends a piece on its way to the slot; one of zeros becomes a hole there, whatever the slot had before.
Result<void> WriteBack::send(Pipe& pipe, unsigned buffer, std::uint64_t length, std::uint64_t offset, bool zero) {
  if (zero && sys::fallocate(image_.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length)) {
    pipe.give_back(buffer);
    return {};
  }
  bytes_written_ += length;
  return pipe.write(buffer, length, offset);
}

// An extent that fits into the pipe's buffers: read once, and sent only if it is not what the image has.
Result<WriteBack::Sum> WriteBack::write_small(Pipe& pipe, ExtentIndex extent) {
  struct Piece {
    unsigned buffer;
    bool zero;
  };
  const std::uint64_t size = image_.extent_size();
  std::array<Piece, kHeld> pieces{};
  std::size_t held = 0;
  backing::Checksum hash;
  Sum sum{.checksum = 0, .zero = true};
  int failed = 0; // an errno, in place of a Result<void>, whose inside GCC 14 takes to be read unset
  for (std::uint64_t at = 0; at < size && failed == 0; at += kPiece) {
    const auto buffer = pipe.take();
    if (!buffer) {
      failed = buffer.error().value;
      break;
    }
    const auto bytes = pipe.buffer(*buffer, std::min(kPiece, size - at));
    const auto zero = read_piece(bytes, extent.value() * size + at, hash);
    failed = zero ? 0 : zero.error().value;
    pieces[held++] = {*buffer, zero.value_or(false)};
    sum.zero = sum.zero && pieces[held - 1].zero;
  }
  sum.checksum = hash.value();
  const bool sending = failed == 0 && !sum.zero && differs(extent, sum);
  for (std::size_t at = 0; at < held; ++at) {
    if (!sending || failed != 0) {
      pipe.give_back(pieces[at].buffer);
      continue;
    }
    const std::uint64_t offset = at * kPiece;
    if (auto sent = send(pipe, pieces[at].buffer, std::min(kPiece, size - offset), image_.target(extent) + offset,
                         pieces[at].zero);
        !sent) {
      failed = sent.error().value;
    }
  }
  if (failed != 0) {
    return fail(failed);
  }
  return sum;
}

// A larger one: read to see whether it differs from what the image has, and read again to be written. What counts is
// what was written, for a program may be at it.
Result<WriteBack::Sum> WriteBack::write_large(Pipe& pipe, ExtentIndex extent) {
  if (image_.has_data(extent)) {
    std::vector<std::byte> scratch(kPiece);
    const auto before = sum_of(extent, scratch);
    if (!before || before->zero || !differs(extent, *before)) {
      return before;
    }
  }
  const std::uint64_t size = image_.extent_size();
  backing::Checksum hash;
  Sum sum{.checksum = 0, .zero = true};
  for (std::uint64_t at = 0; at < size; at += kPiece) {
    const std::uint64_t length = std::min(kPiece, size - at);
    const auto buffer = pipe.take();
    if (!buffer) {
      return tl::unexpected(buffer.error());
    }
    const auto bytes = pipe.buffer(*buffer, length);
    const auto zero = read_piece(bytes, extent.value() * size + at, hash);
    if (!zero) {
      pipe.give_back(*buffer);
      return tl::unexpected(zero.error());
    }
    sum.zero = sum.zero && *zero;
    if (auto sent = send(pipe, *buffer, length, image_.target(extent) + at, *zero); !sent) {
      return tl::unexpected(sent.error());
    }
  }
  sum.checksum = hash.value();
  return sum;
}

Result<WriteBackTotals> WriteBack::run(const Progress& progress, const DirtyTracker* tracker) {
  auto done = run_once(progress, tracker);
  if (!done && done.error() == Errno{ENOSPC}) {
    image_.trim(); // versions that nothing reads any more may be what fills the disk
    done = run_once(progress, tracker);
  }
  return done;
}

Result<WriteBackTotals> WriteBack::run_once(const Progress& progress, const DirtyTracker* tracker) {
  auto pipe = Pipe::open(path_);
  if (!pipe) {
    return tl::unexpected(pipe.error());
  }
  std::vector<ExtentIndex> suspects;
  for (std::uint64_t at = 0; at < folios_.size(); ++at) {
    const bool is_touched = (folios_[ExtentIndex(at)].flags.load(std::memory_order_acquire) & mm::kFolioTouched) != 0;
    if (is_touched && (tracker == nullptr || tracker->may_differ(ExtentIndex(at)))) {
      suspects.emplace_back(at);
    }
  }
  WriteBackTotals totals;
  bytes_written_ = 0;
  std::vector<backing::Image::Written> batch;
  const auto flush = [&]() -> Result<void> {
    if (auto all = (*pipe)->drain(); !all) {
      return all;
    }
    if (batch.empty()) {
      return {};
    }
    if (auto done = image_.commit(batch); !done) {
      return done;
    }
    totals.written += batch.size();
    batch.clear();
    return {};
  };
  const bool small = image_.extent_size() <= kHeld * kPiece;
  for (const ExtentIndex extent : suspects) {
    const auto now = small ? write_small(**pipe, extent) : write_large(**pipe, extent);
    if (!now) {
      return tl::unexpected(now.error());
    }
    if (differs(extent, *now)) {
      batch.push_back({extent, now->checksum, now->zero});
    }
    ++totals.examined;
    if (batch.size() == kBatch) {
      if (auto flushed = flush(); !flushed) {
        return tl::unexpected(flushed.error());
      }
    }
    if (progress) {
      progress(totals.examined, suspects.size());
    }
  }
  if (auto flushed = flush(); !flushed) {
    return tl::unexpected(flushed.error());
  }
  totals.bytes = bytes_written_;
  return totals;
}

} // namespace daxemu::fault
