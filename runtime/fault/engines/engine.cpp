#include "runtime/fault/engines/engine.hpp"

#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/devices/page_maker.hpp"
#include "runtime/fault/engines/handler_loop.hpp"
#include "runtime/fault/engines/overseer.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/fault/process/service_thread.hpp"

namespace daxemu::fault {

using store::EngineKind;

constinit std::atomic<bool> Engine::misses_kernel_touches_{false};

void Engine::start(EngineKind wanted, bool exact, const store::CpuMask& cpus) {
  if (kind() != EngineKind::automatic) {
    return;
  }
  if (!chosen_) { // a child goes on as its parent began: what is mapped was made ready for that
    chosen_ = engine_under(overseer(), wanted, exact);
  }
  bool served = false;
  EngineKind kind = EngineKind::handler;
  switch (*chosen_) {
  case EngineKind::automatic:
    served = start_handler(false, cpus);
    break;
  case EngineKind::handler: // asked for by name: even one that cannot serve kernel-mode faults
    served = start_handler(false, cpus) || start_handler(true, cpus);
    break;
  case EngineKind::inline_:
    kind = EngineKind::inline_;
    served = start_inline();
    break;
  case EngineKind::populate:
    break;
  }
  kind_.store(served ? kind : EngineKind::populate, std::memory_order_release);
}

bool Engine::keep(Uffd uffd) {
  auto kept = PrivateFds::adopt(std::move(uffd.fd));
  if (!kept) {
    return false;
  }
  server_.use(UffdCalls(kept->release(), uffd.tracks));
  return true;
}

bool Engine::start_handler(bool user_mode_only, const store::CpuMask& cpus) {
  auto uffd = user_mode_only ? open_user_mode_only(needed_features()) : open_full(needed_features());
  if (!uffd || !keep(std::move(*uffd))) {
    return false;
  }
  events_.open(server_.uffd().fd());
  if (ServiceThread{"daxemu-fault", handle, this, &stack_, cpus, library_code_}.start()) {
    misses_kernel_touches_.store(user_mode_only, std::memory_order_relaxed);
    return true;
  }
  abandon();
  return false;
}

bool Engine::start_inline() {
  const std::uint64_t features = needed_features() | UFFD_FEATURE_SIGBUS;
  auto uffd = open_full(features);
  if (!uffd) {
    uffd = open_user_mode_only(features);
  }
  const bool served = uffd && keep(std::move(*uffd));
  misses_kernel_touches_.store(served, std::memory_order_relaxed);
  return served;
}

bool Engine::watch(const DeviceView& view, std::uint64_t start, std::uint64_t length) {
  const bool watched = length > 0 && server_.uffd() && server_.uffd().watch(start, length, view.tracks_writes());
  if (watched && view.has_pages_to_make() && kind_.load(std::memory_order_relaxed) == EngineKind::handler) {
    PageMaker::of_process().start(view.device().cpus);
  }
  return watched;
}

void Engine::handle(void* self) noexcept {
  auto* engine = static_cast<Engine*>(self);
  HandlerLoop(engine->server_, engine->events_).run();
}

void Engine::abandon() {
  const int uffd = server_.uffd().fd();
  server_.use(UffdCalls());
  events_.close();
  if (uffd >= 0) {
    PrivateFds::forget(uffd);
    (void)sys::close(uffd);
  }
  misses_kernel_touches_.store(false, std::memory_order_relaxed);
  kind_.store(EngineKind::automatic, std::memory_order_release);
}

} // namespace daxemu::fault
