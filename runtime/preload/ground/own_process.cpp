#include "runtime/preload/ground/own_process.hpp"

#include <sys/mman.h>

#include "emu/base/aside.hpp"
#include "emu/base/at_start.hpp"
#include "emu/base/sys.hpp"
#include "emu/base/units.hpp"

namespace daxemu::preload {

DAXEMU_AT_START constinit std::atomic<std::atomic<pid_t>*> OwnProcess::owner_{nullptr};

DAXEMU_AT_START constinit std::atomic<bool> OwnProcess::lent_{false};

bool OwnProcess::is_owner() noexcept {
  std::atomic<pid_t>* owner = owner_.load(std::memory_order_acquire);
  if (owner == nullptr) { // nobody has said
    return true;
  }
  const pid_t caller = sys::getpid();
  pid_t known = owner->load(std::memory_order_relaxed);
  return known == caller || (known == 0 && owner->compare_exchange_strong(known, caller)) || known == caller;
}

pid_t OwnProcess::number() noexcept {
  const std::atomic<pid_t>* owner = owner_.load(std::memory_order_acquire);
  const bool lent = lent_.load(std::memory_order_acquire);
  const pid_t known = lent || owner == nullptr ? 0 : owner->load(std::memory_order_relaxed);
  return known != 0 ? known : sys::getpid();
}

void OwnProcess::adopt() noexcept {
  std::atomic<pid_t>* owner = owner_.load(std::memory_order_acquire);
  if (owner == nullptr) {
    const auto page = sys::mmap_aside(kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    if (!page || !sys::madvise(*page, kPageSize, MADV_WIPEONFORK)) {
      return;
    }
    owner = static_cast<std::atomic<pid_t>*>(*page); // zero memory is an atomic zero
    owner_.store(owner, std::memory_order_release);
  }
  owner->store(sys::getpid(), std::memory_order_relaxed);
}

} // namespace daxemu::preload
