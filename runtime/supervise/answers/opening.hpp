// What calls that open something say besides a path.
#pragma once

#include <string_view>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "runtime/supervise/install/listener.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

// Whether the descriptor that a call gives is to go at an exec.
[[nodiscard]] inline bool closes_on_exec(const Target& target, const Call& call) {
  switch (call.number) {
  case SYS_open:
    return (call.word[1] & O_CLOEXEC) != 0;
  case SYS_openat:
    return (call.word[2] & O_CLOEXEC) != 0;
  case SYS_openat2: {
    open_how how{};
    return target.read(&how, call.word[2], sizeof how) && (how.flags & O_CLOEXEC) != 0;
  }
  default:
    return false;
  }
}

// Has openat2(2), whose argument is there, rules that depend on where the walk of `path` begins (RESOLVE_BENEATH)? An
// absolute one begins at the root, but for RESOLVE_IN_ROOT (path_init()).
[[nodiscard]] inline bool is_bound(const Target& target, std::uint64_t address, std::string_view path) {
  open_how how{};
  return target.read(&how, address, sizeof how) &&
         (path.starts_with('/') ? (how.resolve & RESOLVE_IN_ROOT) != 0 : how.resolve != 0);
}

} // namespace daxemu::supervise
