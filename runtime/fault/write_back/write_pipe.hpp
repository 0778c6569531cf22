// Pieces on their way to a file, several at once (io_uring, O_DIRECT). A piece's buffer is free again when its write
// has been confirmed. For one thread at a time, which drains it before it ends: the kernel cancels what an ended thread
// has asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <liburing.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::fault {

class WritePipe {
public:
  static constexpr std::uint64_t kPiece = 1ULL << 20; // bytes of one write
  static constexpr unsigned kMostDepth = 12;          // pieces that have a buffer: being filled, or on their way

  // Errors: open(2)'s, ENOMEM.
  [[nodiscard]] static Result<std::unique_ptr<WritePipe>> open(const std::string& path, unsigned depth);
  explicit WritePipe(unsigned depth) : depth_(depth) {}
  WritePipe(const WritePipe&) = delete;
  WritePipe& operator=(const WritePipe&) = delete;
  ~WritePipe();

  // A buffer nobody uses, waiting for one if need be. Errors: those of a write that was under way.
  [[nodiscard]] Result<unsigned> take();
  void give_back(unsigned buffer) { free_.push_back(buffer); }
  [[nodiscard]] std::span<std::byte> buffer(unsigned at, std::uint64_t length) const {
    return buffers_.subspan(at * kPiece, length);
  }
  // Of a buffer's first `length` bytes, which is given back by that. `whose`: what failed_of() says of it.
  [[nodiscard]] Result<void> write(unsigned buffer_index, std::uint64_t length, std::uint64_t offset,
                                   std::uint64_t whose);
  // Until nothing is under way. Errors: the first of those writes; ENOSPC of one that was short.
  [[nodiscard]] Result<void> drain();
  // Whose write it was that failed first.
  [[nodiscard]] std::optional<std::uint64_t> failed_of() const { return failed_of_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; } // confirmed

private:
  [[nodiscard]] bool is_held(unsigned at);
  [[nodiscard]] Result<void> reap();
  [[nodiscard]] Result<void> ended(unsigned buffer, std::uint64_t length, int error);

  unsigned depth_;
  UniqueFd file_;
  Mapping memory_;
  std::span<std::byte> buffers_; // of it
  io_uring ring_{};
  bool up_ = false;
  bool places_ = false; // there are places for buffers to be held in
  std::array<bool, kMostDepth> held_{};
  unsigned under_way_ = 0;
  std::vector<unsigned> free_;
  std::array<std::uint64_t, kMostDepth> whose_{}; // what is under way from each buffer
  std::optional<std::uint64_t> failed_of_;
  std::uint64_t bytes_written_ = 0;
};

} // namespace daxemu::fault
