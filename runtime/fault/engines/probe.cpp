#include "runtime/fault/engines/probe.hpp"

#include <cstring>

#include "runtime/fault/touches/userfaultfd.hpp"

namespace daxemu::fault {

Probe probe() {
  Probe result;
  if (auto uffd = open_full(needed_features()); uffd) {
    result.full = true;
    result.tracks = uffd->tracks;
    result.engine = store::EngineKind::handler;
    result.detail = uffd->kind == UffdKind::device_full ? "allowed by /dev/userfaultfd, kernel-mode faults served"
                                                        : "allowed, kernel-mode faults served";
  } else if (uffd.error() == Errno{EINVAL}) {
    result.detail = "this kernel lacks minor faults on shmem or hugetlb";
    result.remedy = "use Linux 5.14 or newer";
    return result;
  } else {
    result.detail = std::string("userfaultfd(2): ") + std::strerror(uffd.error().value);
    result.remedy = uffd.error() == Errno{EPERM}
                        ? "as root: sysctl vm.unprivileged_userfaultfd=1, or give this user access to /dev/userfaultfd"
                        : "allow userfaultfd(2) in the container's seccomp profile";
  }
  if (auto uffd = open_user_mode_only(needed_features()); uffd) {
    result.user_mode_only = true;
    result.tracks = uffd->tracks;
    if (!result.full) {
      result.detail += "; allowed for user-mode faults only";
    }
  }
  return result;
}

} // namespace daxemu::fault
