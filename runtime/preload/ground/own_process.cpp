#include "runtime/preload/ground/own_process.hpp"

#include <sys/mman.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/aside.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/base/units.hpp"

namespace daxemu::preload {

DAXEMU_AT_START constinit std::atomic<std::atomic<pid_t>*> OwnProcess::owner_{nullptr};

DAXEMU_AT_START constinit std::atomic<bool> OwnProcess::lent_{false};

DAXEMU_START_PATH bool OwnProcess::is_owner() noexcept {
  std::atomic<pid_t>* owner = owner_.load(std::memory_order_acquire);
  if (owner == nullptr) { // nobody has said
    return true;
  }
  const pid_t caller = sys::getpid();
  pid_t known = owner->load(std::memory_order_relaxed);
  return known == caller || (known == 0 && owner->compare_exchange_strong(known, caller)) || known == caller;
}

// The page, made by who needs it first; nullptr: there is none to be had.
DAXEMU_START_PATH std::atomic<pid_t>* OwnProcess::note() noexcept {
  std::atomic<pid_t>* owner = owner_.load(std::memory_order_acquire);
  if (owner != nullptr) {
    return owner;
  }
  const auto page = sys::mmap_aside(kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  if (!page || !sys::madvise(*page, kPageSize, MADV_WIPEONFORK)) {
    return nullptr;
  }
  auto* const made = static_cast<std::atomic<pid_t>*>(*page); // zero memory is an atomic zero
  made->store(sys::getpid(), std::memory_order_relaxed);
  if (!owner_.compare_exchange_strong(owner, made, std::memory_order_acq_rel)) {
    (void)sys::munmap(*page, kPageSize); // another thread, or a signal handler in between, was first
    return owner;
  }
  return made;
}

pid_t OwnProcess::number() noexcept {
  const std::atomic<pid_t>* owner = lent_.load(std::memory_order_acquire) ? nullptr : note();
  const pid_t known = owner == nullptr ? 0 : owner->load(std::memory_order_relaxed);
  return known != 0 ? known : sys::getpid();
}

DAXEMU_START_PATH void OwnProcess::lend() noexcept {
  (void)note(); // before there can be another one
  lent_.store(true, std::memory_order_release);
}

DAXEMU_START_PATH void OwnProcess::adopt() noexcept {
  if (std::atomic<pid_t>* owner = owner_.load(std::memory_order_acquire); owner != nullptr) {
    owner->store(sys::getpid(), std::memory_order_relaxed);
  }
}

} // namespace daxemu::preload
