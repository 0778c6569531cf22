// The ioctls of a userfaultfd, as calls with results. Addresses and lengths are multiples of the backing's page.
#pragma once

#include <cstdint>

#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::fault {

class UffdCalls {
public:
  UffdCalls() = default;
  // `tracks`: see Uffd.
  explicit UffdCalls(int fd, bool tracks = false) : fd_(fd), tracks_(tracks) {}
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

  // Missing and minor faults of the range come to this userfaultfd from now on. `track`: and what is written to is
  // noted (runtime/fault/write_back/page_scan.hpp), if the kernel can.
  Result<void> watch(std::uint64_t start, std::uint64_t length, bool track = false) const {
    return enlist(start, length,
                  UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR |
                      (track && tracks_ ? UFFDIO_REGISTER_MODE_WP : 0));
  }
  // The same of anonymous memory, which has missing faults only.
  Result<void> watch_anonymous(std::uint64_t start, std::uint64_t length) const {
    return enlist(start, length, UFFDIO_REGISTER_MODE_MISSING);
  }
  // The kernel serves them again, and who waits for one is woken.
  Result<void> unwatch(std::uint64_t start, std::uint64_t length) const {
    uffdio_range range = {start, length};
    return ask(UFFDIO_UNREGISTER, &range);
  }
  // The kernel, which serves them, notes what is written to. Of a range that is watched it changes nothing: the kernel
  // takes no mode away. Errors: ENOTSUP (it cannot), those of unwatch().
  Result<void> only_track(std::uint64_t start, std::uint64_t length) const {
    return tracks_ ? enlist(start, length, UFFDIO_REGISTER_MODE_WP) : fail(ENOTSUP);
  }
  // Maps pages that the page cache has and wakes who waits. Errors: EFAULT (a page is not in the page cache), EEXIST
  // (mapped already), ENOENT (no registered mapping there), EAGAIN (the address space is changing).
  Result<void> resume(std::uint64_t start, std::uint64_t length) const {
    uffdio_continue request = {};
    request.range = {start, length};
    return ask(UFFDIO_CONTINUE, &request);
  }
  // The same for as many pages from `start` on as it goes. Returns their bytes.
  [[nodiscard]] std::uint64_t resume_run(std::uint64_t start, std::uint64_t length) const {
    uffdio_continue request = {};
    request.range = {start, length};
    (void)ask(UFFDIO_CONTINUE, &request);
    return request.mapped > 0 ? static_cast<std::uint64_t>(request.mapped) : 0; // negative: no page at all
  }
  // Allocates zeroed small pages, maps them and wakes who waits. Errors: EEXIST (in the page cache already, or mapped),
  // as resume() else.
  Result<void> zero(std::uint64_t start, std::uint64_t length) const {
    uffdio_zeropage request = {};
    request.range = {start, length};
    return ask(UFFDIO_ZEROPAGE, &request);
  }
  [[nodiscard]] std::uint64_t zero_run(std::uint64_t start, std::uint64_t length) const {
    uffdio_zeropage request = {};
    request.range = {start, length};
    (void)ask(UFFDIO_ZEROPAGE, &request);
    return request.zeropage > 0 ? static_cast<std::uint64_t>(request.zeropage) : 0;
  }
  // Marks pages that are not mapped as failed (UFFDIO_POISON, Linux 6.6), and wakes who waits: SIGBUS, to a system call
  // EFAULT. Errors: EINVAL or ENOTTY (an older kernel), EEXIST (a page is mapped).
  Result<void> poison(std::uint64_t start, std::uint64_t length) const {
    struct Request { // uffdio_poison, which older headers lack
      uffdio_range range;
      std::uint64_t mode;
      std::int64_t updated;
    } request = {{start, length}, 0, 0};
    return ask(_IOWR(UFFDIO, 0x08, Request), &request);
  }
  // Is there a fault that nobody has read?
  [[nodiscard]] bool is_asked() const {
    pollfd one = {fd_, POLLIN, 0};
    const auto ready = sys::call(SYS_poll, reinterpret_cast<long>(&one), 1, 0);
    return ready && *ready > 0;
  }
  // Who waits for a fault of the range tries again.
  void wake(std::uint64_t start, std::uint64_t length) const {
    uffdio_range range = {start, length};
    (void)ask(UFFDIO_WAKE, &range);
  }

private:
  Result<void> enlist(std::uint64_t start, std::uint64_t length, std::uint64_t modes) const {
    uffdio_register request = {};
    request.range = {start, length};
    request.mode = modes;
    return ask(UFFDIO_REGISTER, &request);
  }
  Result<void> ask(unsigned long request, void* argument) const {
    if (auto done = sys::call(SYS_ioctl, fd_, static_cast<long>(request), reinterpret_cast<long>(argument)); !done) {
      return tl::unexpected(done.error());
    }
    return {};
  }
  int fd_ = -1;
  bool tracks_ = false;
};

} // namespace daxemu::fault
