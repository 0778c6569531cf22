// Getting a userfaultfd, by whichever door this process may use.
#pragma once

#include <cstdint>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::fault {

enum class UffdKind {
  syscall_full,   // userfaultfd(2), kernel-mode faults served: CAP_SYS_PTRACE or vm.unprivileged_userfaultfd=1
  device_full,    // /dev/userfaultfd, the same by file permission (Linux 6.1)
  user_mode_only, // userfaultfd(UFFD_USER_MODE_ONLY): a kernel-mode fault in an untouched extent is EFAULT
};

struct Uffd {
  UniqueFd fd; // non-blocking, close-on-exec, API agreed on
  UffdKind kind = UffdKind::syscall_full;
  std::uint64_t features = 0; // those the kernel has, UFFD_FEATURE_*
  bool tracks = false;        // it can note which pages of a mapping were written to (Linux 6.7)
};

// What the handler engine cannot do without: missing and minor faults on shmem and hugetlb.
[[nodiscard]] std::uint64_t needed_features();

// Opens a userfaultfd that serves kernel-mode faults too, with `features` switched on.
// Errors: EPERM (neither door is open), ENOSYS (no userfaultfd, or a seccomp filter says so), EINVAL (a feature the
// kernel lacks), EMFILE.
[[nodiscard]] Result<Uffd> open_full(std::uint64_t features);
// Agrees on the API of one that was just made, for whatever process. Errors: EINVAL (a feature the kernel lacks), EPERM
// (one that needs CAP_SYS_PTRACE); then `fd` is as it was.
[[nodiscard]] Result<Uffd> agree_on(UniqueFd& fd, UffdKind kind, std::uint64_t features);
// The same for user-mode faults only; needs no privilege.
[[nodiscard]] Result<Uffd> open_user_mode_only(std::uint64_t features);

} // namespace daxemu::fault
