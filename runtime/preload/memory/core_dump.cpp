#include "runtime/preload/memory/core_dump.hpp"

#include <csignal>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/memory/live_space.hpp"

namespace daxemu::preload {
namespace {

// struct sigaction as the kernel has it.
struct KernelAction {
  std::uint64_t handler;
  std::uint64_t flags;
  std::uint64_t restorer;
  std::uint64_t mask;
};

bool is_deadly(int signal) noexcept {
  KernelAction action{};
  return sys::call(SYS_rt_sigaction, signal, 0, reinterpret_cast<long>(&action), sizeof action.mask) &&
         action.handler == 0; // SIG_DFL
}

} // namespace

constinit std::atomic<int> CoreDump::filter_{-1};

DAXEMU_START_PATH bool CoreDump::is_filter(const char* path, int flags) noexcept {
  return (flags & O_ACCMODE) != O_RDONLY && std::string_view(path).ends_with("coredump_filter");
}

void CoreDump::follow() noexcept {
  filter_.store(-1, std::memory_order_relaxed);
  if (fault::AddressSpace* space = live_space.get(); space != nullptr) {
    space->follow_core_filter();
  }
}

void CoreDump::before_abort() noexcept {
  fault::AddressSpace* space = live_space.get();
  if (space != nullptr && OwnProcess::calls() && is_deadly(SIGABRT)) { // a handler may go on with the program
    space->prepare_core_dump();
  }
}

} // namespace daxemu::preload
