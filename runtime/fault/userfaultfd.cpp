#include "runtime/fault/userfaultfd.hpp"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

namespace daxemu::fault {
namespace {

constexpr int kFlags = O_CLOEXEC | O_NONBLOCK;

Result<Uffd> agree(int raw, UffdKind kind, std::uint64_t features) {
  Uffd uffd{UniqueFd(raw), kind, 0};
  uffdio_api api = {};
  api.api = UFFD_API;
  api.features = features;
  if (auto agreed = sys::call(SYS_ioctl, raw, UFFDIO_API, reinterpret_cast<long>(&api)); !agreed) {
    return tl::unexpected(agreed.error());
  }
  uffd.features = api.features;
  return uffd;
}

} // namespace

std::uint64_t needed_features() {
  return UFFD_FEATURE_MISSING_HUGETLBFS | UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_HUGETLBFS |
         UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_THREAD_ID;
}

Result<Uffd> open_full(std::uint64_t features) {
  const auto direct = sys::call(SYS_userfaultfd, kFlags);
  if (direct) {
    return agree(static_cast<int>(*direct), UffdKind::syscall_full, features);
  }
  const auto door = sys::open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
  if (!door) {
    return tl::unexpected(direct.error()); // the first door's refusal says more: EPERM or ENOSYS
  }
  const UniqueFd holder(*door);
  const auto made = sys::call(SYS_ioctl, holder.get(), USERFAULTFD_IOC_NEW, kFlags);
  if (!made) {
    return tl::unexpected(made.error());
  }
  return agree(static_cast<int>(*made), UffdKind::device_full, features);
}

Result<Uffd> open_user_mode_only(std::uint64_t features) {
  const auto made = sys::call(SYS_userfaultfd, kFlags | UFFD_USER_MODE_ONLY);
  if (!made) {
    return tl::unexpected(made.error());
  }
  return agree(static_cast<int>(*made), UffdKind::user_mode_only, features);
}

} // namespace daxemu::fault
