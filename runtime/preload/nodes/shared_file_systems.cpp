#include "runtime/preload/nodes/shared_file_systems.hpp"

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::preload {

DAXEMU_START_PATH dev_t SharedFileSystems::ask(std::atomic<std::uint64_t>& known, const char* path) const noexcept {
  const auto about = sys::fstatat(AT_FDCWD, path, 0);
  if (about && &known == &dev_) {
    dev_inode_.store(about->st_ino, std::memory_order_release);
  }
  std::uint64_t device = kNotAsked;
  return known.compare_exchange_strong(device, about ? about->st_dev : 0) ? known.load() : device;
}

} // namespace daxemu::preload
