#include "runtime/preload/streams/uevent_calls.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <linux/netlink.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/sysfs/uevents/uevent.hpp"
#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

// A netlink socket has no use for it, so it can carry a mark that goes with the socket wherever it is passed.
constexpr int kMark = 0x55455654;

bool is_marked(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return sys::call(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, reinterpret_cast<long>(&value),
                   reinterpret_cast<long>(&size)) &&
         value == kMark;
}

// A socket that hears of the platform; only looked for where there may be one.
bool listens(int fd) {
  const Context* context = Context::get();
  return context != nullptr && context->store().platform().uevent_listened.load(std::memory_order_acquire) != 0 &&
         is_marked(fd);
}

std::uint32_t port_of(int fd) {
  sockaddr_nl own{};
  socklen_t size = sizeof own;
  const auto got = sys::call(SYS_getsockname, fd, reinterpret_cast<long>(&own), reinterpret_cast<long>(&size));
  return got && own.nl_family == AF_NETLINK ? own.nl_pid : 0;
}

Result<void> bind_port(int fd, std::uint32_t port) {
  const sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = port, .nl_groups = 0};
  const auto bound = sys::call(SYS_bind, fd, reinterpret_cast<long>(&own), sizeof own);
  return bound ? Result<void>() : tl::unexpected(bound.error());
}

int status_of(const Result<void>& result) {
  if (!result) {
    errno = result.error().value;
    return -1;
  }
  return 0;
}

// Anybody can send to such a socket: only who may change the platform is believed.
bool is_believed(const msghdr& message) {
  auto& readable = const_cast<msghdr&>(message);
  for (cmsghdr* part = CMSG_FIRSTHDR(&readable); part != nullptr; part = CMSG_NXTHDR(&readable, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS) {
      ucred who{};
      std::memcpy(&who, CMSG_DATA(part), sizeof who);
      return who.uid == 0 || who.uid == Context::get()->store().platform().uid;
    }
  }
  return true; // it did not ask who sent it
}

// From the kernel, or from udev: by how the message begins.
void present(msghdr& message) {
  constexpr std::string_view kUdev("libudev\0", 8);
  const bool of_udev = message.msg_iovlen > 0 && message.msg_iov[0].iov_len >= kUdev.size() &&
                       std::memcmp(message.msg_iov[0].iov_base, kUdev.data(), kUdev.size()) == 0;
  if (message.msg_name != nullptr && message.msg_namelen >= sizeof(sockaddr_nl)) {
    const sockaddr_nl from = {.nl_family = AF_NETLINK,
                              .nl_pad = 0,
                              .nl_pid = of_udev ? 1U : 0U,
                              .nl_groups = of_udev ? store::kUeventsOfUdev : store::kUeventsOfKernel};
    std::memcpy(message.msg_name, &from, sizeof from);
  }
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS) {
      const ucred who = {.pid = of_udev ? 1 : 0, .uid = 0, .gid = 0};
      std::memcpy(CMSG_DATA(part), &who, sizeof who);
    }
  }
}

} // namespace

int open_socket(int domain, int type, int protocol, FunctionRef<int(int)> real) {
  if (domain != AF_NETLINK || protocol != NETLINK_KOBJECT_UEVENT || Context::get() == nullptr) {
    return real(protocol);
  }
  const int fd = real(NETLINK_USERSOCK);
  if (fd < 0) {
    return real(protocol);
  }
  (void)type;
  const int mark = kMark;
  (void)sys::call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, reinterpret_cast<long>(&mark), sizeof mark);
  return fd;
}

bool bind_uevents(int fd, const sockaddr* address, socklen_t size, int& status) {
  sockaddr_nl wanted{};
  if (size < sizeof wanted || Context::get() == nullptr || !copy_in(&wanted, address, sizeof wanted) ||
      wanted.nl_family != AF_NETLINK || !is_marked(fd)) {
    return false;
  }
  if (auto bound = bind_port(fd, wanted.nl_pid); !bound) {
    status = status_of(bound);
    return true;
  }
  status = status_of(wanted.nl_groups == 0 ? Result<void>()
                                           : sysfs::listen(Context::get()->store(), port_of(fd), wanted.nl_groups));
  return true;
}

bool join_uevents(int fd, int level, int option, const void* value, socklen_t size, int& status) {
  int group = 0;
  if (level != SOL_NETLINK || (option != NETLINK_ADD_MEMBERSHIP && option != NETLINK_DROP_MEMBERSHIP) ||
      size < sizeof group || Context::get() == nullptr || !is_marked(fd)) {
    return false;
  }
  if (!copy_in(&group, value, sizeof group)) {
    status = status_of(fail(EFAULT));
    return true;
  }
  if (group < 1 || group > 32) {
    status = status_of(fail(EINVAL));
    return true;
  }
  const store::Store& store = Context::get()->store();
  std::uint32_t port = port_of(fd);
  if (port == 0) {
    if (auto bound = bind_port(fd, 0); !bound) {
      status = status_of(bound);
      return true;
    }
    port = port_of(fd);
  }
  const std::uint32_t one = 1U << (group - 1);
  const std::uint32_t before = sysfs::listens_to(store, port);
  status = status_of(sysfs::listen(store, port, option == NETLINK_ADD_MEMBERSHIP ? before | one : before & ~one));
  return true;
}

ssize_t receive(int fd, msghdr* message, FunctionRef<ssize_t(msghdr*)> real) {
  msghdr asked{};
  if (!listens(fd) || !copy_in(asked, message)) {
    const ssize_t length = real(message);
    if (length >= 0) {
      note_received(*message);
    }
    return length;
  }
  while (true) {
    const ssize_t length = real(message);
    if (length < 0) {
      return length;
    }
    if (is_believed(*message)) {
      present(*message);
      return length;
    }
    *message = asked;
  }
}

bool receive_from(int fd, void* into, std::size_t size, int flags, sockaddr* address, socklen_t* address_size,
                  ssize_t& length) {
  socklen_t room = 0;
  if (address == nullptr || !listens(fd) || !copy_in(room, address_size)) {
    return false;
  }
  iovec part = {into, size};
  msghdr message{};
  message.msg_name = address;
  message.msg_namelen = room;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  length = receive(fd, &message, [&](msghdr* whole) -> ssize_t {
    const auto got = sys::call(SYS_recvmsg, fd, reinterpret_cast<long>(whole), flags);
    if (!got) {
      errno = got.error().value;
      return -1;
    }
    return *got;
  });
  if (!copy_out(address_size, message.msg_namelen)) {
    errno = EFAULT;
    length = -1;
  }
  return true;
}

} // namespace daxemu::preload
