// One thread's part of a write-back: reads an extent, adds it up, and sends it to its slot if it differs from the
// image's version. Several may be at it at once, each with extents of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "emu/backing/image/checksum.hpp"
#include "emu/backing/image/image.hpp"
#include "emu/base/result.hpp"
#include "runtime/fault/write_back/write_pipe.hpp"

namespace daxemu::fault {

class ExtentWriter {
public:
  // `bytes`: the device's backing. All are borrowed. `depth`: pieces under way at once, from kLeastDepth. Errors:
  // WritePipe::open()'s.
  static constexpr unsigned kLeastDepth = 6; // more than an extent has that may turn out not to be written
  [[nodiscard]] static Result<std::unique_ptr<ExtentWriter>> open(const backing::Image& image, const std::string& path,
                                                                  int bytes, unsigned depth);
  ExtentWriter(const backing::Image& image, int bytes, std::unique_ptr<WritePipe> pipe)
      : image_(image), bytes_(bytes), pipe_(std::move(pipe)) {}

  struct Sum {
    std::uint64_t checksum;
    bool zero; // all of it
  };
  // Does it differ from the image's version?
  [[nodiscard]] bool differs(ExtentIndex extent, const Sum& now) const;
  // Sends the extent to its slot if it differs, without waiting; what it was. Errors: those of reading, and of any
  // write before.
  [[nodiscard]] Result<Sum> write(ExtentIndex extent);
  // Until nothing is under way; by the thread that wrote, before it ends.
  [[nodiscard]] Result<void> drain() { return pipe_->drain(); }
  // The extent whose bytes the disk did not take, where it was that which failed: not always the one that was asked
  // for.
  [[nodiscard]] std::optional<ExtentIndex> failed_at() const;
  [[nodiscard]] std::uint64_t bytes_written() const { return pipe_->bytes_written(); } // to the disk, without holes

private:
  // Into a buffer, and into the sum. Is it all zeros?
  [[nodiscard]] Result<bool> read_piece(std::span<std::byte> into, std::uint64_t offset, backing::Checksum& hash) const;
  [[nodiscard]] Result<Sum> sum_of(ExtentIndex extent, std::span<std::byte> scratch) const;
  [[nodiscard]] Result<Sum> write_small(ExtentIndex extent);
  [[nodiscard]] Result<Sum> write_large(ExtentIndex extent);
  // The piece of the extent that begins at `at`.
  [[nodiscard]] Result<void> send(unsigned buffer, ExtentIndex extent, std::uint64_t at, bool zero);

  const backing::Image& image_;
  int bytes_;
  std::unique_ptr<WritePipe> pipe_;
};

} // namespace daxemu::fault
