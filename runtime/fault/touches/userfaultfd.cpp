#include "runtime/fault/touches/userfaultfd.hpp"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

namespace daxemu::fault {
namespace {

constexpr int kFlags = O_CLOEXEC | O_NONBLOCK;

// Writes to pages that were written to already go by a bit in the page table, and no event tells of them; on shmem and
// hugetlb, where the bit outlives the page's being mapped.
constexpr std::uint64_t kTracking = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM |
                                    UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC;

} // namespace

Result<Uffd> agree_on(UniqueFd& fd, UffdKind kind, std::uint64_t features) {
  Result<long> agreed;
  for (const std::uint64_t more : {kTracking, std::uint64_t{0}}) { // an older kernel refuses what it does not know
    uffdio_api api = {};
    api.api = UFFD_API;
    api.features = features | more;
    agreed = sys::call(SYS_ioctl, fd.get(), UFFDIO_API, reinterpret_cast<long>(&api));
    if (agreed) {
      return Uffd{std::move(fd), kind, api.features, more != 0};
    }
    if (agreed.error() != Errno{EINVAL}) {
      break;
    }
  }
  return tl::unexpected(agreed.error());
}

namespace {

Result<Uffd> agree(int raw, UffdKind kind, std::uint64_t features) {
  UniqueFd fd(raw);
  return agree_on(fd, kind, features);
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
