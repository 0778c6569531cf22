#include "runtime/preload/paths/xattr_calls.hpp"

#include <string_view>

#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

// The guest's answers; but for setting trusted.* and security.*, which the kernel would keep.
Result<ssize_t> answer(const sysfs::Node& node, const AttributeUse& use) {
  const AttributeCall call = use.call;
  if (call == AttributeCall::list) {
    return 0;
  }
  if (!is_text(use.name) || (call == AttributeCall::set && !is_readable(use.value, use.size))) {
    return fail(EFAULT); // setxattr_copy()
  }
  const std::string_view text = use.name;
  constexpr std::size_t kLongest = 255; // XATTR_NAME_MAX
  if (text.empty() || text.size() > kLongest) {
    return fail(ERANGE);
  }
  const bool user = text.starts_with("user.");
  if (!user && !text.starts_with("trusted.") && !text.starts_with("security.")) {
    return fail(EOPNOTSUPP); // no handler
  }
  if (call == AttributeCall::get) {
    return fail(ENODATA);
  }
  if (user) { // of files and directories only; sysfs has none at all
    return fail(node.type == sysfs::NodeType::device ? EPERM : EOPNOTSUPP);
  }
  return fail(call == AttributeCall::remove ? ENODATA : EOPNOTSUPP);
}

} // namespace

ssize_t on_extended_attribute(const char* path, Follow follow, const AttributeUse& use,
                              FunctionRef<ssize_t(const char*)> real) {
  const bool reads = use.call == AttributeCall::get || use.call == AttributeCall::list;
  return on_path<ssize_t>(
      AT_FDCWD, path, {.follow = follow, .reads = reads}, -1, real, [&use](const Resolution& found) {
        return found.kind == Resolution::Kind::refused ? Result<ssize_t>(tl::unexpected(found.error))
                                                       : answer(found.node, use);
      });
}

ssize_t on_extended_attribute_of(int fd, const AttributeUse& use, FunctionRef<ssize_t()> real) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  const auto node = context != nullptr ? described_node(*context, fd) : Result<sysfs::Node>(fail(EBADF));
  return node ? libc_value<ssize_t>(answer(*node, use), -1) : real();
}

} // namespace daxemu::preload
