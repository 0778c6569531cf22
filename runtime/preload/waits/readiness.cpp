#include "runtime/preload/waits/readiness.hpp"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/kernfs.hpp"

namespace daxemu::preload {
namespace {

constexpr std::uint32_t kAlways = EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM; // DEFAULT_POLLMASK
constexpr std::uint32_t kChanged = EPOLLERR | EPOLLPRI;                           // kernfs_generic_poll()
constexpr std::uint32_t kToRead = EPOLLIN | EPOLLRDNORM;                          // trace_poll()

// What a read with little room has left of what was taken out.
bool has_left(int fd) {
  const auto about = sys::fstat(fd);
  return about && sys::call(SYS_lseek, fd, 0, SEEK_CUR).value_or(0) < about->st_size;
}

struct Asked {
  Context* context = nullptr;
  Result<sysfs::Node> node = fail(EBADF);
  bool of_kernfs = false;
};
Asked ask(int fd) noexcept {
  Asked asked{.context = Context::get()};
  PathText vnode;
  if (asked.context != nullptr && asked.context->descriptors().classify(fd, vnode) == FdClass::attribute) {
    // But for what is read once, files of tracefs and debugfs have no poll operation.
    asked.of_kernfs = is_of_kernfs(vnode.view());
    asked.node = asked.context->descriptors().node_at(vnode.view());
  }
  return asked;
}

} // namespace

bool is_waited_for(int fd) noexcept {
  if (fd < 0 || FdTable::is_foreign(fd)) {
    return false;
  }
  const Context* context = Context::get();
  if (context == nullptr || context->descriptors().classify(fd) != FdClass::attribute) {
    return false;
  }
  const Asked asked = ask(fd);
  return asked.of_kernfs || (asked.node && asked.node->is_pipe);
}

Readiness readiness_of(int fd) noexcept {
  const Asked asked = ask(fd);
  const auto notices = asked.node ? asked.context->tree().notices(*asked.node)
                                  : Result<std::uint64_t>(tl::unexpected(asked.node.error()));
  if (!notices) { // gone: kernfs_get_active() fails
    return {.events = kAlways | kChanged, .notices = ~0ULL};
  }
  if (asked.node->is_pipe) {
    return {.events = *notices == 0 && !has_left(fd) ? 0 : kToRead, .notices = *notices};
  }
  const bool changed = !VnodeFiles::has_read(fd, *notices);
  return {.events = changed ? kAlways | kChanged : kAlways, .notices = *notices};
}

} // namespace daxemu::preload
