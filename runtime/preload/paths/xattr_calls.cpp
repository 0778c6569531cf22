#include "runtime/preload/paths/xattr_calls.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/paths/inode_calls.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

Result<ssize_t> answer(const sysfs::Node& node, const AttributeCall& call) {
  using Kind = AttributeCall::Kind;
  const sysfs::Tree& tree = Context::get()->tree();
  if (call.kind == Kind::set && (call.flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0) {
    return fail(EINVAL);
  }
  if (call.kind != Kind::list && !is_text(call.name)) {
    return fail(EFAULT); // setxattr_copy() and its kin
  }
  const std::string_view name = call.name == nullptr ? std::string_view{} : call.name;
  if (call.kind != Kind::list && (name.empty() || name.size() > XATTR_NAME_MAX)) {
    return fail(ERANGE);
  }
  if (call.kind == Kind::set && call.size > XATTR_SIZE_MAX) {
    return fail(E2BIG);
  }
  if (call.kind == Kind::set && !is_readable(call.value, call.size)) {
    return fail(EFAULT);
  }
  const Caller caller;
  const sysfs::Credentials& who = caller.credentials();
  std::array<char, sizeof(store::InodeValues)> text; // more than there can be
  const auto into = std::span(text).first(std::min(call.size, text.size()));
  const auto as_length = [&](const Result<std::size_t>& length) -> Result<ssize_t> {
    if (!length) {
      return tl::unexpected(length.error());
    }
    if (call.size != 0 && !copy_out(call.into, text.data(), *length)) {
      return fail(EFAULT);
    }
    return static_cast<ssize_t>(*length);
  };
  const auto as_done = [&node](const Result<void>& done) -> Result<ssize_t> {
    if (!done) {
      return tl::unexpected(done.error());
    }
    tell_watchers(*Context::get(), node); // fsnotify_xattr()
    return 0;
  };
  switch (call.kind) {
  case Kind::get:
    return as_length(tree.get_attribute(node, who, name, into));
  case Kind::list:
    return as_length(tree.list_attributes(node, who, into));
  case Kind::set:
    return as_done(tree.set_attribute(node, who, name, {static_cast<const char*>(call.value), call.size}, call.flags));
  case Kind::remove:
    return as_done(tree.remove_attribute(node, who, name));
  }
  return fail(EOPNOTSUPP);
}

} // namespace

ssize_t on_extended_attribute(const char* path, Follow follow, const AttributeCall& call,
                              FunctionRef<ssize_t(const char*)> real) {
  const bool reads = call.kind == AttributeCall::Kind::get || call.kind == AttributeCall::Kind::list;
  return on_path<ssize_t>(
      AT_FDCWD, path, {.follow = follow, .reads = reads, .inode = true}, -1, real, [&call](const Resolution& found) {
        return found.kind == Resolution::Kind::refused ? Result<ssize_t>(tl::unexpected(found.error))
                                                       : answer(found.node, call);
      });
}

ssize_t on_extended_attribute_of(int fd, const AttributeCall& call, FunctionRef<ssize_t()> real) {
  const auto node = described_node(fd);
  if (!node) {
    return real();
  }
  if ((sys::call(SYS_fcntl, fd, F_GETFL).value_or(0) & O_PATH) != 0) {
    errno = EBADF;
    return -1;
  }
  return libc_value<ssize_t>(answer(*node, call), -1);
}

} // namespace daxemu::preload
