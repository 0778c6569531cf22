// The shape of every call that takes a path: the kernel's business at once, ours, or the kernel's first and ours if it
// finds nothing. The path may be no memory at all: its text is looked at once the kernel has (a call that changes
// nothing is the kernel's first in any case), or once it was asked whether there is text.
#pragma once

#include <cerrno>

#include <fcntl.h>

#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/names/resolver.hpp"
#include "runtime/preload/paths/expectation.hpp"

namespace daxemu::preload {

// How a call treats its path.
struct PathUse {
  Follow follow = Follow::always;
  bool likely = false;     // resolve first, even if the path's text speaks against it
  bool reads = false;      // it changes nothing and its answer can be thrown away: the kernel may be asked in any case
  bool readable = false;   // the path is known to be text
  bool makes = false;      // it makes what the last component names, if that is not there: see Resolver::may_be_made()
  bool inode = false;      // it is about what is found there, not about the name: what is mounted there counts
  std::uint64_t rules = 0; // RESOLVE_* of openat2(2)
  // For a call that gives something: takes back what the kernel gave for a path that is ours.
  void (*take_back)(long) = nullptr;
};

// AT_* flags that the call knows none of: the kernel refuses them (EINVAL) before it looks at a path, or a descriptor.
[[nodiscard]] constexpr bool is_unknown(int flags, int known) noexcept {
  return (flags & ~known) != 0;
}

// What AT_* flags say of the path's last component.
[[nodiscard]] inline Follow follow_of_at(int flags) {
  return (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::not_last : Follow::always;
}

[[nodiscard]] inline bool is_missing(int status) noexcept {
  return status < 0 && (errno == ENOENT || errno == ENOTDIR);
}

// What the kernel says of a path that is no text, or none that ends.
[[nodiscard]] constexpr bool is_no_text(int code) noexcept {
  return code == EFAULT || code == ENAMETOOLONG;
}
// The same, where the kernel may have refused flags or a mode before it looked at the path.
[[nodiscard]] inline bool is_no_text(int code, const char* path) noexcept {
  return is_no_text(code) || (code == EINVAL && path != nullptr && !is_text(path));
}

namespace detail {

// `first`: what the kernel has said to the path as it is; nullptr: it has not been asked. `kept`: errno before that.
template <class Value, class Real, class Ours>
Value finish_path(Context& context, int dirfd, const char* path, const PathUse& use, Value failure, const Value* first,
                  int kept, Real& real, Ours& ours) {
  const int code = errno;
  Resolution found;
  context.resolver().resolve(dirfd, path, use.follow, found, use.rules);
  if (use.inode) {
    context.resolver().see_mounts(dirfd, path, use.follow, found);
  }
  if (found.kind == Resolution::Kind::foreign) {
    errno = code;
    return first != nullptr ? *first : real(path);
  }
  if (first != nullptr && *first != failure && use.take_back != nullptr) {
    use.take_back((long)*first); // NOLINT: a number or a pointer
  }
  switch (found.kind) {
  case Resolution::Kind::foreign:
    break;
  case Resolution::Kind::elsewhere:
    return real(found.path.c_str());
  case Resolution::Kind::refused:
    Expectation::met();
    if (found.creatable || found.slashed) {
      break;
    }
    errno = found.error.value;
    return failure;
  case Resolution::Kind::node:
    if (found.node.shared) {
      if (const Value value = real(found.path.c_str()); value != failure || errno != ENOENT) {
        return value;
      }
    }
    Expectation::met();
    break;
  }
  errno = kept;
  const Result<Value> result = ours(static_cast<const Resolution&>(found));
  return libc_value(result, failure);
}

} // namespace detail

// `real(const char* path)` asks libc, with the same dirfd; an absolute path makes it irrelevant.
// `ours(const Resolution&)` returns Result<Value> for an emulated node; also for a last component missing in an
// emulated directory, or a slash behind a node (kind refused, creatable or slashed), so that calls which create can say
// no in their own way.
// `first` is what the kernel has said to the path as it is, with errno; nullptr: it has not been asked.
template <class Value, class Real, class Ours>
Value on_path(int dirfd, const char* path, PathUse use, Value failure, Real&& real, Ours&& ours,
              const Value* first = nullptr) {
  const int kept = errno;
  Context* context = path == nullptr ? nullptr : Context::get();
  if (context == nullptr) {
    return first != nullptr ? *first : real(path);
  }
  Value value = failure;
  if (first == nullptr && use.reads) {
    value = real(path);
    first = &value;
  }
  const int code = errno;
  if (first != nullptr ? *first == failure && is_no_text(code, path) : !use.readable && !is_text(path)) {
    return first != nullptr ? *first : real(path);
  }
  if (*path == '\0') {
    return first != nullptr ? *first : real(path);
  }
  if (use.likely || context->resolver().is_likely(dirfd, path) ||
      (use.makes && context->resolver().may_be_made(path)) ||
      context->resolver().leads_to_hidden(dirfd, path, use.follow) ||
      (use.inode && use.rules == 0 && context->resolver().leads_to_bound(dirfd, path, use.follow))) {
    return detail::finish_path(*context, dirfd, path, use, failure, first, kept, real, ours);
  }
  Expectation::missed();
  if (first == nullptr) {
    value = real(path);
    first = &value;
  }
  if (*first != failure || (errno != ENOENT && errno != ENOTDIR && (use.rules == 0 || errno != EAGAIN))) [[likely]] {
    return *first;
  }
  if (use.rules == 0 && !context->resolver().is_worth_a_walk(dirfd, path, use.follow)) {
    return *first;
  }
  const Value missing = failure;
  return detail::finish_path(*context, dirfd, path, use, failure, &missing, kept, real, ours);
}

} // namespace daxemu::preload
