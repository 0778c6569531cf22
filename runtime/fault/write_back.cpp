#include "runtime/fault/write_back.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>

#include "emu/base/mapping.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kPiece = 1ULL << 20; // bytes of one write
constexpr unsigned kDepth = 8;               // pieces in flight
constexpr std::size_t kBatch = 256;          // extents a commit makes durable at once

// The device's bytes; what nobody has touched reads as zero and is not allocated by it (shmem_file_read_iter,
// hugetlbfs_read_iter), unlike a touch of a mapping.
Result<void> read_all(int fd, std::span<std::byte> into, std::uint64_t offset) {
  while (!into.empty()) {
    const auto got = sys::pread(fd, into.data(), into.size(), offset);
    if (!got || *got == 0) {
      return fail(got ? EIO : got.error().value);
    }
    into = into.subspan(*got);
    offset += *got;
  }
  return {};
}

Result<void> write_all(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto put = sys::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (!put || *put == 0) {
      return fail(put ? ENOSPC : put.error().value);
    }
    bytes = bytes.subspan(*put);
    offset += *put;
  }
  return {};
}

class Hash {
public:
  Hash() { XXH3_64bits_reset(&state_); }
  void add(std::span<const std::byte> bytes) { XXH3_64bits_update(&state_, bytes.data(), bytes.size()); }
  [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(&state_); }

private:
  XXH3_state_t state_{};
};

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
    auto memory = sys::mmap(nullptr, kDepth * kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!memory) {
      return tl::unexpected(memory.error());
    }
    pipe->buffers_ = Mapping(*memory, kDepth * kPiece);
    // Where io_uring is refused (containers, kernel.io_uring_disabled) each piece is written before the next one.
    pipe->up_ = ::io_uring_queue_init(kDepth, &pipe->ring_, 0) == 0;
    for (unsigned at = 0; at < kDepth; ++at) {
      pipe->free_.push_back(at);
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
    return buffers_.bytes().subspan(at * kPiece, length);
  }
  [[nodiscard]] Result<void> write(unsigned buffer_index, std::uint64_t length, std::uint64_t offset) {
    if (!up_) {
      const auto written = write_all(file_.get(), buffer(buffer_index, length), offset);
      give_back(buffer_index);
      return written;
    }
    io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
      return fail(EAGAIN); // as deep as there are buffers, so this cannot be
    }
    const std::span<std::byte> bytes = buffer(buffer_index, length);
    ::io_uring_prep_write(entry, file_.get(), bytes.data(), static_cast<unsigned>(bytes.size()), offset);
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
  Mapping buffers_;
  io_uring ring_{};
  bool up_ = false;
  unsigned under_way_ = 0;
  std::vector<unsigned> free_;
};

Result<std::uint64_t> WriteBack::checksum_now(ExtentIndex extent, std::span<std::byte> scratch, bool& zero) const {
  Hash hash;
  zero = true;
  const std::uint64_t base = extent.value() * image_.extent_size();
  for (std::uint64_t at = 0; at < image_.extent_size(); at += scratch.size()) {
    const auto piece = scratch.first(std::min<std::uint64_t>(scratch.size(), image_.extent_size() - at));
    if (auto got = read_all(bytes_, piece, base + at); !got) {
      return tl::unexpected(got.error());
    }
    hash.add(piece);
    zero = zero && backing::Image::all_zero(piece);
  }
  return hash.value();
}

Result<std::uint64_t> WriteBack::write_extent(Pipe& pipe, ExtentIndex extent, WriteBackTotals& totals) {
  const std::uint64_t size = image_.extent_size();
  const std::uint64_t target = image_.target(extent);
  // Pieces of zeros are not written: the slot has to be a hole first, or say what it must not.
  const bool hole = sys::fallocate(image_.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, target, size).has_value();
  Hash hash;
  for (std::uint64_t at = 0; at < size; at += kPiece) {
    const std::uint64_t length = std::min(kPiece, size - at);
    auto buffer = pipe.take();
    if (!buffer) {
      return tl::unexpected(buffer.error());
    }
    const auto bytes = pipe.buffer(*buffer, length);
    if (auto got = read_all(bytes_, bytes, extent.value() * size + at); !got) {
      pipe.give_back(*buffer);
      return tl::unexpected(got.error());
    }
    hash.add(bytes);
    if (hole && backing::Image::all_zero(bytes)) {
      pipe.give_back(*buffer);
      continue;
    }
    if (auto sent = pipe.write(*buffer, length, target + at); !sent) {
      return tl::unexpected(sent.error());
    }
    totals.bytes += length;
  }
  return hash.value();
}

Result<WriteBackTotals> WriteBack::run(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  auto pipe = Pipe::open(path_);
  if (!pipe) {
    return tl::unexpected(pipe.error());
  }
  std::vector<ExtentIndex> touched;
  for (std::uint64_t at = 0; at < folios_.size(); ++at) {
    if ((folios_[ExtentIndex(at)].flags.load(std::memory_order_acquire) & mm::kFolioTouched) != 0) {
      touched.emplace_back(at);
    }
  }
  WriteBackTotals totals;
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
  std::vector<std::byte> scratch(kPiece);
  for (const ExtentIndex extent : touched) {
    bool zero = false;
    const auto now = checksum_now(extent, scratch, zero);
    if (!now) {
      return tl::unexpected(now.error());
    }
    const bool same = zero ? !image_.has_data(extent) : image_.has_data(extent) && image_.checksum(extent) == *now;
    if (!same && zero) {
      batch.push_back({extent, *now, true});
    } else if (!same) {
      const auto written = write_extent(**pipe, extent, totals);
      if (!written) {
        return tl::unexpected(written.error());
      }
      batch.push_back({extent, *written, false});
    }
    ++totals.examined;
    if (batch.size() == kBatch) {
      if (auto flushed = flush(); !flushed) {
        return tl::unexpected(flushed.error());
      }
    }
    if (progress) {
      progress(totals.examined, touched.size());
    }
  }
  if (auto flushed = flush(); !flushed) {
    return tl::unexpected(flushed.error());
  }
  return totals;
}

} // namespace daxemu::fault
