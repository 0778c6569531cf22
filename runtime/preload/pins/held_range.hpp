// Device pages in a range of this process's memory, held as a call of the kernel would hold them.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include <sys/uio.h>

#include "runtime/preload/pins/held_device.hpp"

namespace daxemu::preload {

// Owns what was taken; gives it back when destroyed.
class HeldRange {
public:
  explicit HeldRange(HoldKind kind = {}) : kind_(kind) {}
  HeldRange(HeldRange&& other) noexcept : kind_(other.kind_), runs_(std::exchange(other.runs_, {})) {}
  HeldRange& operator=(HeldRange&& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(runs_, other.runs_);
    return *this;
  }
  ~HeldRange() {
    for (const Run& run : runs_) {
      run.device->drop(run.pgoff, run.nr_pages, kind_);
    }
  }

  // What of `range` lies in mappings of devices; other memory is none of ours. Pages are faulted in first. `write`: the
  // mapping must be writable (FOLL_WRITE). Errors: EOPNOTSUPP (memory of a type that is not pinned for long, or not
  // registered with io_uring), EFAULT (a touch would be SIGBUS, rights), ENOMEM (counts, or the ledger cannot be
  // opened). Then nothing is held.
  [[nodiscard]] static Result<HeldRange> take(const iovec& range, HoldKind kind, bool write, std::uint64_t site);
  // As take(), to what is held already; when it fails, that stays held and nothing of `range` is.
  [[nodiscard]] Result<void> extend(const iovec& range, bool write, std::uint64_t site);

  [[nodiscard]] bool empty() const { return runs_.empty(); }
  // What a child of fork(2) has of its parent's: nothing.
  void abandon() { runs_.clear(); }

  struct Run {
    HeldDevice* device;
    std::uint64_t pgoff;
    std::uint64_t nr_pages;
  };
  // What is held, whose release is the caller's from now on (HeldDevice::drop).
  [[nodiscard]] std::vector<Run> hand_over() { return std::exchange(runs_, {}); }

private:
  HoldKind kind_;
  std::vector<Run> runs_;
};

// Pages of devices among those of [address, address + length): at least one?
[[nodiscard]] bool is_device_memory(const void* address, std::size_t length);

} // namespace daxemu::preload
