// References and pins that the machine's own kernel holds on a real device's pages, by the calls of user space that
// make it: a registered buffer of io_uring is a long-term pin, a page in a pipe a reference. One of each per extent at
// most; who counts how often is the model.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::kernel {

class KernelHolds {
public:
  KernelHolds();
  ~KernelHolds(); // lets go of everything
  KernelHolds(const KernelHolds&) = delete;
  KernelHolds& operator=(const KernelHolds&) = delete;

  enum class Kind {
    reference, // vmsplice(2) into a pipe of its own: two descriptors each
    longterm,  // IORING_REGISTER_BUFFERS: FOLL_LONGTERM
  };
  // Holds the extent whose mapping here begins at `address`, until release(). Again: nothing. Errors (Problem), the
  // kernel's own: EOPNOTSUPP (it does not register this memory: Linux up to 6.3), EFAULT (a touch would be SIGBUS),
  // EMFILE, ENOMEM (RLIMIT_MEMLOCK), ENOSYS and EPERM (no io_uring).
  Outcome<void> hold(std::uint64_t extent, void* address, Kind kind);
  void release(std::uint64_t extent);

private:
  class Ring;
  struct Hold {
    UniqueFd pipe_in;
    UniqueFd pipe_out;
    int slot = -1; // in the ring's table; -1: not pinned
  };
  Outcome<void> reference(Hold& hold, void* address);
  Outcome<void> pin(Hold& hold, void* address);

  std::mutex mutex_;
  std::map<std::uint64_t, Hold> holds_; // by extent
  std::unique_ptr<Ring> ring_;          // made when first needed
  std::vector<int> free_slots_;
};

} // namespace daxemu::kernel
