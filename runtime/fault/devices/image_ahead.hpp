// Extents of an image on their way from the disk before they are asked for: by io_uring and past the page cache, whose
// pages would cost as much to allocate as the device's own, several at once, so that the disk always has work. One for
// a process, and for the image that is gone through just now. Only the handler thread asks for extents, for it alone
// knows who goes through a device in order; whoever else finds this in use does without.
// Buffers are not registered: that would be taken out of what the program itself may lock (RLIMIT_MEMLOCK).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <liburing.h>

#include "emu/backing/image/image.hpp"
#include "emu/base/result.hpp"

namespace daxemu::fault {

class ImageAhead {
public:
  [[nodiscard]] static ImageAhead& of_process() { return one_; }

  // Gets ready, once for a process; nothing to do for extents of another size than 2M. Here and not with the first
  // extent that is expected: the ring's memory is mapped before the program's call returns, never at a moment of its
  // own. Where io_uring is refused, nothing will be read ahead by it.
  void prepare(const backing::Image& image);
  // In a forked child: what there is is the parent's.
  void abandon();

  enum class Told {
    yes,    // it is being read
    cached, // the page cache has it: there is nothing to be read
    later,  // as many are on their way as there are buffers
    never,  // not by this way: the page cache has most of it, no io_uring, no O_DIRECT, another image is being gone
            // through
  };
  // Does an extent of the image have its bytes, by whatever way? What was expected of it nobody will take then.
  using IsBrought = FunctionRef<bool(ExtentIndex extent)>;
  // The extent, which has data, will soon be brought.
  [[nodiscard]] Told expect(const backing::Image& image, ExtentIndex extent, IsBrought is_brought);

  // Does the page cache have all of it? No, where that cannot be asked.
  [[nodiscard]] static bool is_cached(const backing::Image& image, ExtentIndex extent);

  enum class Near { here, coming, no };
  // Is it in memory, so that to bring it is not to wait for the disk?
  [[nodiscard]] Near near(const backing::Image& image, ExtentIndex extent);

  // Hands over the bytes of an extent that was expected, as soon as they are here; not verified. Errors: ENOENT (they
  // are not on their way, or somebody else is at it), the disk's, those of `use`.
  using Use = FunctionRef<Result<void>(std::span<const std::byte> bytes)>;
  [[nodiscard]] Result<void> take(const backing::Image& image, ExtentIndex extent, Use use);

private:
  static constexpr std::uint64_t kSlots = 4; // extents
  static constexpr unsigned kPieces = 2;     // requests of one: with the others, as deep as a disk likes it
  static constexpr std::uint64_t kExtent = kPmdSize;
  static constexpr std::uint64_t kPiece = kExtent / kPieces;
  static constexpr std::uint64_t kFar = 32; // extents: farther than anybody expects what he touches next
  static constexpr unsigned kPatience = 64; // extents of another image, until that one has the buffers

  struct Slot {
    std::uint64_t extent = 0;
    bool used = false;
    unsigned pending = 0; // requests that have not come back
    int error = 0;        // an errno of one of them
  };
  class Hold; // of one thread at a time

  [[nodiscard]] bool is_mine() const;
  [[nodiscard]] bool turn_to(const backing::Image& image);
  [[nodiscard]] Slot* slot_of(const backing::Image& image, ExtentIndex extent);
  [[nodiscard]] Slot* free_slot(ExtentIndex extent, IsBrought is_brought);
  [[nodiscard]] std::byte* buffer(const Slot& slot) const { return buffers_ + (&slot - slots_.data()) * kExtent; }
  [[nodiscard]] bool send(Slot& slot, std::uint64_t from);
  void gather(); // what has come back, without waiting
  [[nodiscard]] bool wait_for(const Slot& slot);
  void give_up(); // the ring is of no use any more

  static ImageAhead one_;

  std::atomic<bool> busy_{false};
  std::atomic<pid_t> owner_{0}; // whose ring it is, 0: nobody's. A child's copy of it is its parent's
  int image_ = -1;              // the descriptor of the image that is gone through
  int file_ = -1;               // the same file, O_DIRECT
  unsigned refused_ = 0;
  std::byte* buffers_ = nullptr;
  std::array<Slot, kSlots> slots_{};
  io_uring ring_{};
};

} // namespace daxemu::fault
