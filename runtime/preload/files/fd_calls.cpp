#include "runtime/preload/files/fd_calls.hpp"

#include <cerrno>
#include <climits>
#include <cstring>

#include <unistd.h>

#include "emu/base/program/at_start.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/files/rings/uring_calls.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/memory/core_dump.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/pins/pipe_pins.hpp"
#include "runtime/preload/pins/uring_pins.hpp"
#include "runtime/preload/waits/epoll_calls.hpp"

// Newer than the C library's headers on some machines.
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

namespace daxemu::preload {
namespace {

using fault::PrivateFds;

// Text that stdio has put into the descriptor of an attribute and that nobody has taken yet. Returns its errno, or 0.
int harvest(int fd) {
  if (FdTable::get(fd) != FdClass::attribute || FdTable::is_noted(fd)) {
    return 0;
  }
  Context* context = Context::get();
  if (context == nullptr || VnodeFiles::held_text(fd) == 0 || !Descriptors::is_vnode(fd)) {
    return 0;
  }
  const auto node = context->descriptors().node(fd);
  if (!node) {
    return 0;
  }
  const auto stored = context->files().harvest(fd, *node);
  return stored ? 0 : stored.error().value;
}

} // namespace

DAXEMU_START_PATH bool closes_plainly(int fd) {
  if ((FdTable::get(fd) == FdClass::attribute && !FdTable::is_noted(fd)) || CoreDump::is_filter(fd) ||
      PrivateFds::owns(fd) || RawRings::any() || rings_known() || pipes_hold() || EpollWaits::any()) {
    return false;
  }
  FdTable::forget(fd);
  return true;
}

int close_descriptor(int fd, FunctionRef<int()> real) {
  if (PrivateFds::owns(fd)) {
    errno = EBADF;
    return -1;
  }
  const int late = harvest(fd);
  FdTable::forget(fd);
  RawRings::closed(static_cast<unsigned>(fd), static_cast<unsigned>(fd));
  const int status = real();
  ring_closed(fd);
  EpollWaits::closed(static_cast<unsigned>(fd), static_cast<unsigned>(fd));
  pipes_closed(static_cast<unsigned>(fd), static_cast<unsigned>(fd));
  CoreDump::closed(fd);
  if (status == 0 && late != 0) {
    errno = late;
    return -1;
  }
  return status;
}

int duplicate_onto(int fd, int onto, FunctionRef<int()> real) {
  if (PrivateFds::owns(fd) || PrivateFds::owns(onto)) {
    errno = EBADF;
    return -1;
  }
  VnodeFiles::settle(fd);
  if (fd != onto) {
    (void)harvest(onto);
    FdTable::forget(onto);
    RawRings::closed(static_cast<unsigned>(onto), static_cast<unsigned>(onto));
  }
  const int made = new_number(real());
  if (made >= 0 && fd != onto) {
    ring_closed(onto);
    EpollWaits::closed(static_cast<unsigned>(onto), static_cast<unsigned>(onto));
    pipes_closed(static_cast<unsigned>(onto), static_cast<unsigned>(onto));
    ring_duplicated(fd, onto);
  }
  return made;
}

int duplicate(int fd, FunctionRef<int()> real) {
  VnodeFiles::settle(fd);
  return duplicated(fd, real());
}

DAXEMU_START_PATH int duplicated(int fd, int copy) {
  ring_duplicated(fd, copy);
  if (copy >= 0) {
    FdTable::set(copy, FdTable::is_foreign(fd) ? FdClass::foreign : FdClass::unknown);
  }
  return copy;
}

DAXEMU_START_PATH int new_number(int fd) {
  if (fd >= 0) {
    FdTable::forget(fd);
  }
  return fd;
}

int close_range_of(unsigned first, unsigned last, int flags, FunctionRef<int(unsigned, unsigned)> real) {
  if (first > last || (static_cast<unsigned>(flags) & CLOSE_RANGE_CLOEXEC) != 0) {
    return real(first, last); // refused by the kernel; ours are close-on-exec already
  }
  FdTable::forget_range(first, last);
  rings_closed(first, last);
  EpollWaits::closed(first, last);
  RawRings::closed(first, last);
  unsigned begin = first;
  while (begin <= static_cast<unsigned>(INT_MAX)) {
    const int ours = PrivateFds::next(static_cast<int>(begin));
    if (ours < 0 || static_cast<unsigned>(ours) > last) {
      break;
    }
    if (static_cast<unsigned>(ours) > begin) {
      if (const int status = real(begin, static_cast<unsigned>(ours) - 1); status != 0) {
        return status;
      }
    }
    begin = static_cast<unsigned>(ours) + 1;
  }
  return begin <= last ? real(begin, last) : 0;
}

void note_received(const msghdr& message) {
  if (message.msg_control == nullptr || message.msg_controllen < sizeof(cmsghdr)) {
    return;
  }
  auto& readable = const_cast<msghdr&>(message); // CMSG_NXTHDR's type
  for (cmsghdr* part = CMSG_FIRSTHDR(&readable); part != nullptr; part = CMSG_NXTHDR(&readable, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t at = 0; at < count; ++at) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + at * sizeof fd, sizeof fd);
      FdTable::forget(fd);
      FdTable::expect_attributes(); // it may be one
    }
  }
}

} // namespace daxemu::preload
