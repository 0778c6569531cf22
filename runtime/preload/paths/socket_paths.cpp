#include "runtime/preload/paths/socket_paths.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include <sys/un.h>

#include "emu/sysfs/inodes/permission.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {
namespace {

constexpr socklen_t kPathAt = offsetof(sockaddr_un, sun_path);

// The path in an address that has one: neither unnamed nor of the abstract name space.
bool path_in(const sockaddr* address, socklen_t size, PathText& path) {
  sockaddr_un whole{};
  if (size <= kPathAt || size > sizeof whole || !copy_in(&whole, address, size) || whole.sun_family != AF_UNIX) {
    return false;
  }
  const char* text = whole.sun_path;
  return *text != '\0' && path.assign({text, ::strnlen(text, size - kPathAt)});
}

template <class Value>
Value with_path(std::string_view path, FunctionRef<Value(const sockaddr*, socklen_t)> real) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() > sizeof address.sun_path) {
    errno = EINVAL;
    return -1;
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  return real(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(kPathAt + path.size()));
}

} // namespace

int bind_to_path(const sockaddr* address, socklen_t size, FunctionRef<int(const sockaddr*, socklen_t)> real) {
  PathText path;
  if (!path_in(address, size, path)) {
    return real(address, size);
  }
  return on_path<int>(
      AT_FDCWD, path.c_str(), {.follow = Follow::not_last, .makes = true}, -1,
      [&](const char* p) { return p == nullptr || p == path.c_str() ? real(address, size) : with_path<int>(p, real); },
      [](const Resolution& found) -> Result<int> {
        if (found.kind == Resolution::Kind::refused) {
          return fail(found.creatable ? EPERM : found.slashed ? EADDRINUSE : found.error.value);
        }
        return fail(EADDRINUSE);
      });
}

ssize_t send_to_path(const sockaddr* address, socklen_t size, FunctionRef<ssize_t(const sockaddr*, socklen_t)> real) {
  PathText path;
  if (!path_in(address, size, path)) {
    return real(address, size);
  }
  return on_path<ssize_t>(
      AT_FDCWD, path.c_str(), {.inode = true}, -1,
      [&](const char* p) {
        return p == nullptr || p == path.c_str() ? real(address, size) : with_path<ssize_t>(p, real);
      },
      [](const Resolution& found) -> Result<ssize_t> {
        if (found.kind == Resolution::Kind::refused) {
          return tl::unexpected(found.error);
        }
        const auto may = Context::get()->tree().permission(found.node, Caller().credentials(), sysfs::kMayWrite);
        return fail(may ? ECONNREFUSED : may.error().value);
      });
}

} // namespace daxemu::preload
