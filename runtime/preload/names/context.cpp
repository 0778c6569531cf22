#include "runtime/preload/names/context.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/base/program/valgrind.hpp"
#include "emu/store/location.hpp"
#include "emu/sysfs/tree/known_paths.hpp"
#include "emu/trace/trace.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/ground/early_memory.hpp"
#include "runtime/preload/ground/next_symbol.hpp"
#include "runtime/preload/ground/plain_calls.hpp"
#include "runtime/preload/ground/program_variable.hpp"
#include "runtime/preload/names/own_variables.hpp"

namespace daxemu::preload {
namespace {

enum class Stage : int { none, making, ready, refused };
DAXEMU_AT_START constinit std::atomic<Stage> stage{Stage::none};
DAXEMU_AT_START constinit std::atomic<const void*> maker{nullptr}; // its thread
alignas(Context) DAXEMU_AT_START constinit std::byte storage[sizeof(Context)] = {};
constinit sysfs::KnownPaths known_paths;

// One line on stderr, with nothing but write(2): stdio may not be up, or may be what called us.
void complain(std::string_view what, std::string_view value, int code) {
  char line[512];
  std::size_t at = 0;
  const auto put = [&](std::string_view text) {
    const std::size_t fit = std::min(text.size(), sizeof line - 1 - at);
    std::memcpy(line + at, text.data(), fit);
    at += fit;
  };
  put("daxemu: ");
  put(what);
  constexpr std::size_t kMost = 200; // so that there is room for the rest
  put(value.substr(0, kMost));
  put(": ");
  put(strerrordesc_np(code));
  put("; the program runs without emulated devices (start it with daxemu run)");
  line[at++] = '\n';
  (void)sys::call(SYS_write, 2, reinterpret_cast<long>(line), static_cast<long>(at));
}

} // namespace

DAXEMU_AT_START constinit std::atomic<Context*> Context::made_{nullptr};

DAXEMU_START_PATH Context::Context(store::Store store) : store_(std::move(store)), tree_(store_, &known_paths) {
  if (const char* file = NextSymbols::at_start().own_file(); *file != '\0') {
    environment_.remember(*program_environment, file);
  }
  const char* directory = OwnVariables(*program_environment).find(kWorkingDirectoryVariable);
  if (directory != nullptr && sysfs::Tree::may_claim(directory)) {
    if (const auto node = tree_.lookup(directory); node && node->type == sysfs::NodeType::directory) {
      directory_.enter_emulated(directory);
    }
  }
}

Context::~Context() {
  known_paths.forget(); // another store may come to be where this one was
}

DAXEMU_START_PATH Context* Context::make() noexcept {
  const int kept = errno;
  switch (stage.load(std::memory_order_acquire)) {
  case Stage::ready:
    return made_.load();
  case Stage::refused:
    return nullptr;
  default:
    break;
  }
  Stage expected = Stage::none;
  if (!stage.compare_exchange_strong(expected, Stage::making, std::memory_order_acq_rel)) {
    // Another thread is at it: wait; ourselves, deeper in the making: pass through.
    while (expected == Stage::making && maker.load() != __builtin_thread_pointer()) {
      (void)sys::call(SYS_sched_yield);
      expected = stage.load(std::memory_order_acquire);
    }
    return expected == Stage::ready ? made_.load() : nullptr;
  }
  maker.store(__builtin_thread_pointer());
  const EarlyMemory::Scope early;
  const EnvironmentAtStart environment;
  Context* made = nullptr;
  const OwnVariables variables(*program_environment);
  const char* location = variables.find("DAXEMU_PLATFORM");
  if (location == nullptr || *location == '\0') {
    complain("DAXEMU_PLATFORM is not set", "", ENOENT);
  } else {
    const auto path = store::store_location(location);
    const auto safe = path ? store::check_location(location) : Result<void>(tl::unexpected(path.error()));
    auto store = safe ? store::Store::open(path->c_str(), store::Store::Look::later) : tl::unexpected(safe.error());
    if (store) {
      // Out of the way of the program, which counts on getting 3 for the first file it opens.
      if (auto high = fault::PrivateFds::copy(store->fd()); high) {
        store->set_fd(std::move(*high));
      }
      trace::attach_as_asked(trace::Asked::of([&](const char* name) { return variables.find(name); }));
      made = new (storage) Context(std::move(*store));
    } else if (const char* keeper = variables.find(store::kKeeperVariable); keeper == nullptr || *keeper == '\0') {
      complain("cannot use the platform DAXEMU_PLATFORM=", location, store.error().value);
    } // else it is daxemu run's, whose end or whose namespace is no mistake of the program's user
  }
  if (made != nullptr && !sys::is_race_checked()) {
    made->hidden_.let_paths_tell_if_none(made->store_.platform().binds_made);
  }
  maker.store(nullptr);
  made_.store(made, std::memory_order_release);
  stage.store(made != nullptr ? Stage::ready : Stage::refused, std::memory_order_release);
  errno = kept;
  return made;
}

} // namespace daxemu::preload
