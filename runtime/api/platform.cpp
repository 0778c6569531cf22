#include "runtime/api/platform.hpp"

#include <cstdlib>

#include <linux/memfd.h>
#include <pthread.h>

#include "emu/gup/ledger.hpp"
#include "emu/trace/trace.hpp"

namespace daxemu::api {
namespace {

std::atomic<Platform*> current{nullptr};

// A forked child maps what its parent mapped, but holds none of its parent's pins.
void before_fork() {
  if (Platform* platform = current.load(); platform != nullptr) {
    platform->mm().before_fork();
  }
}
void after_fork_in_parent() {
  if (Platform* platform = current.load(); platform != nullptr) {
    platform->mm().after_fork();
  }
}
void after_fork_in_child() {
  if (Platform* platform = current.load(); platform != nullptr) {
    platform->mm().after_fork_in_child();
    gup::forget_holds(platform->mem_map());
  }
}

} // namespace

Outcome<std::unique_ptr<Platform>> Platform::create(const std::string& name, const Profile& profile) {
  static const int watching = ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  trace::attach_as_asked(); // nothing if an earlier platform has
  auto raw = sys::memfd_create("daxemu-store", MFD_CLOEXEC);
  if (!raw || watching != 0) {
    return refuse(raw ? ENOMEM : raw.error().value, "no memory file for the platform's store",
                  "raise the limit of open files or free some memory");
  }
  auto store = store::Store::create(UniqueFd(*raw), name, {.regions = 64, .devices = 256, .processes = 64});
  if (!store) {
    return refuse(store.error().code, "the platform's store: " + store.error().what, store.error().remedy);
  }
  store->platform().kernel = profile.id;
  std::unique_ptr<Platform> platform(new Platform(std::move(*store)));
  auto ram = RamPool::create(platform->mem_map_);
  if (!ram) {
    return refuse(ram.error().value, "no memory file for the platform's RAM", "free some memory");
  }
  platform->ram_ = std::move(*ram);
  auto empty = sys::memfd_create("daxemu-nothing", MFD_CLOEXEC);
  if (!empty) {
    return refuse(empty.error().value, "no memory file for the platform", "raise the limit of open files");
  }
  platform->mm_ = std::make_unique<ProcessMm>(*platform->ram_, UniqueFd(*empty));
  return platform;
}

Platform::~Platform() {
  Platform* self = this;
  current.compare_exchange_strong(self, nullptr);
}

Platform* current_platform() {
  return current.load(std::memory_order_acquire);
}
void use_platform(Platform* platform) {
  current.store(platform, std::memory_order_release);
}

} // namespace daxemu::api
