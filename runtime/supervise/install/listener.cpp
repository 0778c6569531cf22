#include "runtime/supervise/install/listener.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/trace/why.hpp"

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

namespace daxemu::supervise {
namespace {

// Past what is interposed: a listener is nothing of ours.
Result<long> control(int fd, unsigned long request, const void* argument) {
  return sys::call(SYS_ioctl, fd, static_cast<long>(request), reinterpret_cast<long>(argument));
}

} // namespace

Listener::Listener(UniqueFd fd, InHand in_hand) : fd_(std::move(fd)), in_hand_(std::move(in_hand)) {
  // Who answers takes over the processor of who asked, and the other way round: no idle processor is woken (Linux 6.6).
  (void)sys::call(SYS_ioctl, fd_.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

bool Listener::wakes_at_the_end() {
  utsname name{};
  int major = 0;
  int minor = 0;
  return ::uname(&name) == 0 && std::sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 11));
}

Result<Call> Listener::receive() const {
  seccomp_notif told{};
  if (const auto got = control(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, &told); !got) {
    return tl::unexpected(got.error());
  }
  Call call{told.id, static_cast<int>(told.pid), told.data.nr, {}};
  std::copy(std::begin(told.data.args), std::end(told.data.args), std::begin(call.word));
  in_hand_.add(call.thread, call.id);
  return call;
}

bool Listener::waits(const Call& call) const {
  return control(fd_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &call.id).has_value();
}

void Listener::go_on(const Call& call) const {
  in_hand_.remove(call.thread);
  seccomp_notif_resp response{call.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  (void)control(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void Listener::answer(const Call& call, const Result<long>& result) const {
  in_hand_.remove(call.thread);
  if (!result) {
    trace::tell_refusal(result.error().value);
  } else {
    trace::forget_why();
  }
  seccomp_notif_resp response{call.id, result.value_or(0), result ? 0 : -result.error().value, 0};
  (void)control(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
}

Result<int> Listener::add(const Call& call, int fd, int number, bool close_on_exec, std::uint32_t flags) const {
  seccomp_notif_addfd request{};
  request.id = call.id;
  request.flags = flags | (number >= 0 ? SECCOMP_ADDFD_FLAG_SETFD : 0U);
  (void)::fcntl(fd, F_GETFL); // by the interposed call it is what it was opened as (VnodeFiles::settle())
  request.srcfd = static_cast<__u32>(fd);
  request.newfd = number >= 0 ? static_cast<__u32>(number) : 0U;
  request.newfd_flags = close_on_exec ? O_CLOEXEC : 0U;
  const auto added = control(fd_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &request);
  return added ? Result<int>(static_cast<int>(*added)) : tl::unexpected(added.error());
}

Result<int> Listener::answer_with(const Call& call, int fd, int number, bool close_on_exec) const {
  const auto added = add(call, fd, number, close_on_exec, SECCOMP_ADDFD_FLAG_SEND);
  if (added) {
    in_hand_.remove(call.thread);
  }
  return added;
}

Result<int> Listener::put(const Call& call, int fd, bool close_on_exec) const {
  return add(call, fd, -1, close_on_exec, 0);
}

} // namespace daxemu::supervise
