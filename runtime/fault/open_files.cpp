#include "runtime/fault/open_files.hpp"

#include <linux/kcmp.h>
#include <sys/syscall.h>

#include "emu/base/sys.hpp"
#include "runtime/fault/private_fds.hpp"
#include "runtime/fault/vma_table.hpp"

namespace daxemu::fault {

std::uint32_t OpenFiles::number_of(int fd) noexcept {
  const int self = sys::getpid();
  std::size_t free = kMost;
  for (std::size_t at = 0; at < kMost; ++at) {
    if (copies_[at] == 0) {
      free = free == kMost ? at : free;
      continue;
    }
    const auto same = sys::call(SYS_kcmp, self, self, KCMP_FILE, fd, copies_[at] - 1);
    if (!same) {
      return 0;
    }
    if (*same == 0) {
      return static_cast<std::uint32_t>(at + 1);
    }
  }
  if (free == kMost || !sys::call(SYS_kcmp, self, self, KCMP_FILE, fd, fd)) {
    return 0;
  }
  auto copy = PrivateFds::copy(fd);
  if (!copy) {
    return 0;
  }
  copies_[free] = copy->release() + 1;
  return static_cast<std::uint32_t>(free + 1);
}

void OpenFiles::settle(std::uint32_t number, const VmaTable& table) noexcept {
  if (number == 0 || copies_[number - 1] == 0) {
    return;
  }
  for (std::size_t at = 0; at < table.size(); ++at) {
    if (table.at(at).file == number) {
      return;
    }
  }
  const int fd = copies_[number - 1] - 1;
  copies_[number - 1] = 0;
  PrivateFds::forget(fd);
  (void)sys::close(fd);
}

} // namespace daxemu::fault
