// The shape of every call that takes a path: the kernel's business at once, ours, or the kernel's first and ours if it
// finds nothing.
#pragma once

#include <cerrno>

#include <fcntl.h>

#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/names/resolver.hpp"

namespace daxemu::preload {

// How a call treats its path.
struct PathUse {
  Follow follow = Follow::always;
  bool likely = false;     // resolve first, even if the path's text speaks against it
  bool asked = false;      // the text does speak against it, and the kernel has been asked: errno is ENOENT or ENOTDIR
  bool makes = false;      // it makes what the last component names, if that is not there: see Resolver::may_be_made()
  std::uint64_t rules = 0; // RESOLVE_* of openat2(2)
};

// What AT_* flags say of the path's last component.
[[nodiscard]] inline Follow follow_of_at(int flags) {
  return (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::not_last : Follow::always;
}

// Does the text of `path` speak against its being ours, so that the kernel is asked first? Of what it does not find
// (ENOENT, ENOTDIR) on_path() with `asked` then makes sure.
[[nodiscard]] inline bool asks_kernel_first(int dirfd, const char* path, Follow follow) noexcept {
  Context* context = path == nullptr || *path == '\0' ? nullptr : Context::get();
  return context != nullptr && !context->resolver().is_likely(dirfd, path) &&
         !context->resolver().leads_to_hidden(dirfd, path, follow);
}
[[nodiscard]] inline bool is_missing(int status) noexcept {
  return status < 0 && (errno == ENOENT || errno == ENOTDIR);
}

namespace detail {

// `said`: the errno of the kernel, which has been asked for the path as it is; 0: it has not.
template <class Value, class Real, class Ours>
Value finish_path(Context& context, int dirfd, const char* path, const PathUse& use, Value failure, int said,
                  Real& real, Ours& ours) {
  Resolution found;
  context.resolver().resolve(dirfd, path, use.follow, found, use.rules);
  switch (found.kind) {
  case Resolution::Kind::foreign:
    if (said == 0) {
      return real(path);
    }
    errno = said;
    return failure;
  case Resolution::Kind::elsewhere:
    return real(found.path.c_str());
  case Resolution::Kind::refused:
    if (found.creatable || found.slashed) {
      break;
    }
    errno = found.error.value;
    return failure;
  case Resolution::Kind::node:
    if (found.node.shared) {
      const int kept = errno;
      if (const Value value = real(found.path.c_str()); value != failure || errno != ENOENT) {
        return value;
      }
      errno = kept;
    }
    break;
  }
  const Result<Value> result = ours(static_cast<const Resolution&>(found));
  return libc_value(result, failure);
}

} // namespace detail

// `real(const char* path)` asks libc, with the same dirfd; an absolute path makes it irrelevant.
// `ours(const Resolution&)` returns Result<Value> for an emulated node; also for a last component missing in an
// emulated directory, or a slash behind a node (kind refused, creatable or slashed), so that calls which create can say
// no in their own way.
template <class Value, class Real, class Ours>
Value on_path(int dirfd, const char* path, PathUse use, Value failure, Real&& real, Ours&& ours) {
  Context* context = path == nullptr || *path == '\0' ? nullptr : Context::get();
  if (context == nullptr) {
    return real(path);
  }
  if (!use.asked && (use.likely || context->resolver().is_likely(dirfd, path) ||
                     (use.makes && context->resolver().may_be_made(path)) ||
                     context->resolver().leads_to_hidden(dirfd, path, use.follow))) {
    return detail::finish_path(*context, dirfd, path, use, failure, 0, real, ours);
  }
  const int kept = errno;
  const Value value = use.asked ? failure : real(path);
  if (value != failure || (errno != ENOENT && errno != ENOTDIR && (use.rules == 0 || errno != EAGAIN))) [[likely]] {
    return value;
  }
  const int code = errno;
  if (use.rules == 0 && !context->resolver().is_worth_a_walk(dirfd, path, use.follow)) {
    return value;
  }
  errno = kept;
  return detail::finish_path(*context, dirfd, path, use, failure, code, real, ours);
}

} // namespace daxemu::preload
