#include "runtime/fault/write_back/extent_writer.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fcntl.h>

#include "emu/base/kernel/whole_io.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kPiece = WritePipe::kPiece;
constexpr std::size_t kHeld = 4;           // pieces of one extent that may turn out not to be written
constexpr std::size_t kStep = 128UL << 10; // bytes read and added up at once
static_assert(kHeld < ExtentWriter::kLeastDepth);

} // namespace

Result<std::unique_ptr<ExtentWriter>> ExtentWriter::open(const backing::Image& image, const std::string& path,
                                                         int bytes, unsigned depth) {
  auto pipe = WritePipe::open(path, depth);
  if (!pipe) {
    return tl::unexpected(pipe.error());
  }
  return std::make_unique<ExtentWriter>(image, bytes, std::move(*pipe));
}

// Do these bytes differ from the image's version?
bool ExtentWriter::differs(ExtentIndex extent, const Sum& now) const {
  return now.zero ? image_.has_data(extent) : !image_.has_data(extent) || image_.checksum(extent) != now.checksum;
}

// Bytes of the device are read, not mapped: what nobody has touched reads as zero and is not allocated by that
// (shmem_file_read_iter, hugetlbfs_read_iter). In steps that the processor's cache keeps until they are added up.
Result<bool> ExtentWriter::read_piece(std::span<std::byte> into, std::uint64_t offset, backing::Checksum& hash) const {
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

Result<ExtentWriter::Sum> ExtentWriter::sum_of(ExtentIndex extent, std::span<std::byte> scratch) const {
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
Result<void> ExtentWriter::send(unsigned buffer, ExtentIndex extent, std::uint64_t at, bool zero) {
  const std::uint64_t length = std::min(kPiece, image_.extent_size() - at);
  const std::uint64_t offset = image_.target(extent) + at;
  if (zero && sys::fallocate(image_.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length)) {
    pipe_->give_back(buffer);
    return {};
  }
  return pipe_->write(buffer, length, offset, extent.value());
}

std::optional<ExtentIndex> ExtentWriter::failed_at() const {
  const auto failed = pipe_->failed_of();
  return failed ? std::optional(ExtentIndex(*failed)) : std::nullopt;
}

// An extent that fits into the pipe's buffers: read once, and sent only if it is not what the image has.
Result<ExtentWriter::Sum> ExtentWriter::write_small(ExtentIndex extent) {
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
    const auto buffer = pipe_->take();
    if (!buffer) {
      failed = buffer.error().value;
      break;
    }
    const auto bytes = pipe_->buffer(*buffer, std::min(kPiece, size - at));
    const auto zero = read_piece(bytes, extent.value() * size + at, hash);
    failed = zero ? 0 : zero.error().value;
    pieces[held++] = {*buffer, zero.value_or(false)};
    sum.zero = sum.zero && pieces[held - 1].zero;
  }
  sum.checksum = hash.value();
  const bool sending = failed == 0 && !sum.zero && differs(extent, sum);
  for (std::size_t at = 0; at < held; ++at) {
    if (!sending || failed != 0) {
      pipe_->give_back(pieces[at].buffer);
      continue;
    }
    if (auto sent = send(pieces[at].buffer, extent, at * kPiece, pieces[at].zero); !sent) {
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
Result<ExtentWriter::Sum> ExtentWriter::write_large(ExtentIndex extent) {
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
    const auto buffer = pipe_->take();
    if (!buffer) {
      return tl::unexpected(buffer.error());
    }
    const auto bytes = pipe_->buffer(*buffer, length);
    const auto zero = read_piece(bytes, extent.value() * size + at, hash);
    if (!zero) {
      pipe_->give_back(*buffer);
      return tl::unexpected(zero.error());
    }
    sum.zero = sum.zero && *zero;
    if (auto sent = send(*buffer, extent, at, *zero); !sent) {
      return tl::unexpected(sent.error());
    }
  }
  sum.checksum = hash.value();
  return sum;
}

Result<ExtentWriter::Sum> ExtentWriter::write(ExtentIndex extent) {
  return image_.extent_size() <= kHeld * kPiece ? write_small(extent) : write_large(extent);
}

} // namespace daxemu::fault
