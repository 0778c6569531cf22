#include "runtime/fault/engines/handler_loop.hpp"

#include <sys/syscall.h>

#include "runtime/fault/engines/burst_spin.hpp"
#include "runtime/fault/process/processors.hpp"

namespace daxemu::fault {
namespace {

constexpr std::size_t kBatch = 16;
constexpr int kRetryMs = 1;

} // namespace

void HandlerLoop::run() {
  BurstSpin spin(processors() > 1); // may this thread run while the one that faults does?
  while (true) {
    const int served = read_and_serve();
    if (served < 0) {
      return;
    }
    serve_postponed();
    if (served > 0) {
      spin.found();
      continue;
    }
    if (server_.ahead().prepare_one() || server_.ahead().bring_one() || (postponed_count_ == 0 && spin.again())) {
      continue;
    }
    const int for_disk = server_.ahead().wait_for_disk();
    const int other = for_disk != 0 ? for_disk : -1;
    if (!events_.wait(postponed_count_ != 0 ? kRetryMs : other)) {
      return;
    }
  }
}

int HandlerLoop::read_and_serve() {
  std::array<uffd_msg, kBatch> messages;
  auto got = sys::call(SYS_read, server_.uffd().fd(), reinterpret_cast<long>(messages.data()), sizeof(messages));
  if (!got) {
    return got.error() == Errno{EAGAIN} || got.error() == Errno{EINTR} ? 0 : -1;
  }
  const std::size_t count = static_cast<std::size_t>(*got) / sizeof(uffd_msg);
  for (std::size_t at = 0; at < count; ++at) {
    const uffd_msg& message = messages[at];
    if (message.event == UFFD_EVENT_PAGEFAULT) {
      server_.ahead().others_wait(at + 1 < count || postponed_count_ != 0);
      serve({message.arg.pagefault.address, (message.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR) == 0,
             static_cast<pid_t>(message.arg.pagefault.feat.ptid)});
    }
  }
  return static_cast<int>(count);
}

void HandlerLoop::serve(const Fault& fault) {
  if (server_.serve(fault.address, fault.missing, FaultServer::Caller::handler, fault.thread) !=
      FaultServer::Served::busy) {
    return;
  }
  if (postponed_count_ < kMostPostponed) {
    postponed_[postponed_count_++] = fault;
    return;
  }
  // As many threads wait already: this one tries again until there is room.
  server_.uffd().wake(align_down(fault.address, kPageSize), kPageSize);
}

void HandlerLoop::serve_postponed() {
  const std::size_t count = postponed_count_;
  postponed_count_ = 0;
  server_.ahead().others_wait(true);
  for (std::size_t at = 0; at < count; ++at) {
    serve(postponed_[at]); // never overtakes: what it postpones again was read already
  }
}

} // namespace daxemu::fault
