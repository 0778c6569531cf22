#include "runtime/fault/engines/watcher.hpp"

#include "emu/base/kernel/sys.hpp"
#include "emu/store/generation.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "runtime/fault/process/service_thread.hpp"

namespace daxemu::fault {

void Watcher::start(store::EngineKind engine) {
  if (started_) {
    return;
  }
  started_ = true;
  last_.begin();
  seen_ = store::generation_of(store_.platform());
  if (auto slot = store::claim_slot(store_); slot) {
    slot_ = *slot;
    slot_->followed.store(seen_);
    slot_->engine.store(static_cast<std::uint32_t>(engine));
  }
  if (!ServiceThread{"daxemu-watch", watch, this, &stack_, {}, library_code_}.start() && slot_ != nullptr) {
    slot_->engine.store(0); // nobody must wait for us
  }
}

void Watcher::abandon() {
  slot_ = nullptr;
  last_.abandon();
  started_ = false;
}

void Watcher::watch(void* self) noexcept {
  auto* watcher = static_cast<Watcher*>(self);
  store::Platform& platform = watcher->store_.platform();
  std::uint32_t seen = watcher->seen_;
  const auto self_number = static_cast<std::uint32_t>(sys::getpid());
  LastThread& last = watcher->last_;
  while (true) {
    if (!store::await_change(platform, seen, {last.word(), self_number, last.next_look()})) {
      last.look();
      continue;
    }
    seen = store::generation_of(platform);
    watcher->follow_(watcher->argument_);
    if (watcher->slot_ != nullptr) {
      watcher->slot_->followed.store(seen);
    }
  }
}

} // namespace daxemu::fault
