// One address space of a program, of which a userfaultfd tells us: its first touches of devices are served here, in
// another process. Which thread calls is free, but for serve() and what it needs.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <sys/types.h>

#include "runtime/fault/devices/extent_bitmap.hpp"
#include "runtime/fault/devices/touch_streams.hpp"
#include "runtime/fault/touches/resolver.hpp"
#include "runtime/fault/touches/userfaultfd.hpp"
#include "runtime/supervise/spaces/process_maps.hpp"

namespace daxemu::supervise {

class Space {
public:
  // `process`: 0: not known yet (a child that is being made).
  Space(const Devices& devices, fault::Uffd uffd, pid_t process);

  [[nodiscard]] const fault::UffdCalls& calls() const { return calls_; }
  [[nodiscard]] bool tracks() const { return uffd_.tracks; }
  [[nodiscard]] pid_t process() const { return process_.load(); }
  [[nodiscard]] bool is_gone() const;

  // First touches of the range come to us. Errors: EPERM (it may never be written to), ENOMEM or EINVAL (it is not of
  // this address space).
  [[nodiscard]] Result<void> watch(const fault::DeviceView& view, std::uint64_t start, std::uint64_t length) const;

  // What is mapped at the address. `thread`: one that is there; by it we find out which process it is.
  [[nodiscard]] std::optional<Piece> at(std::uint64_t address, pid_t thread);

  // The kernel serves it from now on: somebody reads its memory by a file of /proc, and is not made to wait for us
  // there.
  void leave();

  // madvise(MADV_NOHUGEPAGE), of which the kernel is not told. What is mapped anew asks for huge pages.
  void note_huge(std::uint64_t start, std::uint64_t end, bool huge);
  [[nodiscard]] bool is_without_huge(std::uint64_t address) const;

  // Pages are marked as failed that should not be for long.
  void note_marks() { marked_.store(true); }
  [[nodiscard]] bool take_marks() { return marked_.exchange(false); }

  // A child is being made, with `parent`'s mappings: what the kernel serves there comes to us here.
  void inherit(const Space& parent);

  // What it has touched of a device.
  struct Touched {
    fault::ExtentBitmap faulted;
    fault::TouchStreams streams;
  };
  // Those bytes of the device are mapped anew, or no longer.
  void forget(fault::DeviceView& view, std::uint64_t begin, std::uint64_t end);
  // nullptr: no memory for it.
  [[nodiscard]] Touched* touched(fault::DeviceView& view);
  [[nodiscard]] fault::Resolver& resolver() { return resolver_; }

private:
  const Devices* devices_;
  fault::Uffd uffd_;
  fault::UffdCalls calls_;
  std::atomic<pid_t> process_;
  ProcessMaps maps_;
  std::atomic<bool> marked_{false};
  std::atomic<bool> left_{false};
  mutable std::mutex lock_;                             // of what follows
  std::map<std::uint64_t, std::uint64_t> without_huge_; // end by start
  std::map<const fault::DeviceView*, std::unique_ptr<Touched>> touched_;
  fault::Resolver resolver_{false};
};

// Whose thread is it, in our own numbers? 0: nobody's. `number` is what the thread itself would say.
[[nodiscard]] pid_t thread_here(pid_t number, const Devices& devices, std::uint64_t address);

} // namespace daxemu::supervise
