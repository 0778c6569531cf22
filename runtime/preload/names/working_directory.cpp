#include "runtime/preload/names/working_directory.hpp"

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_START_PATH bool begins_path(std::string_view path, std::string_view top) {
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

} // namespace

constinit std::array<WorkingDirectory::Place, 8> WorkingDirectory::slots_{};
constinit std::atomic<unsigned> WorkingDirectory::next_slot_{0};

WorkingDirectory::Place* WorkingDirectory::fill(std::string_view path) noexcept {
  Place& place = slots_[next_slot_.fetch_add(1) % slots_.size()];
  place.process.store(sys::getpid(), std::memory_order_relaxed);
  std::memcpy(place.path.data(), path.data(), path.size());
  place.path[path.size()] = '\0';
  return &place;
}

void WorkingDirectory::enter_emulated(std::string_view path) noexcept {
  if (path.size() < kLongest) {
    (OwnProcess::calls() ? own_ : guest_).store(fill(path), std::memory_order_release);
  }
}

DAXEMU_START_PATH void WorkingDirectory::enter_real() noexcept {
  if (!OwnProcess::calls()) {
    guest_.store(fill({}), std::memory_order_release);
    return;
  }
  nearness_.store(Nearness::unknown);
  own_.store(nullptr, std::memory_order_release);
}

DAXEMU_START_PATH WorkingDirectory::Nearness WorkingDirectory::look() const noexcept {
  PathText here;
  const bool near = path(here) && (here.view() == "/" || begins_path(here.view(), "/dev") ||
                                   begins_path(here.view(), "/sys") || begins_path(here.view(), "/proc"));
  return near ? Nearness::near : Nearness::far;
}

DAXEMU_START_PATH bool WorkingDirectory::is_near() noexcept {
  if (!emulated().empty()) {
    return true;
  }
  Nearness known = nearness_.load();
  if (guest_.load(std::memory_order_acquire) != nullptr && !OwnProcess::calls()) {
    known = look(); // the child's own
  } else if (known == Nearness::unknown) {
    known = look();
    nearness_.store(known);
  }
  return known == Nearness::near;
}

DAXEMU_START_PATH bool WorkingDirectory::path(PathText& into) const noexcept {
  if (const std::string_view here = emulated(); !here.empty()) {
    return into.assign(here);
  }
  const auto length = sys::call(SYS_getcwd, reinterpret_cast<long>(into.data()), static_cast<long>(into.capacity()));
  if (!length || *length < 2) {
    into.clear();
    return false;
  }
  into.set_size(static_cast<std::size_t>(*length) - 1); // the kernel counts the final NUL
  return into.data()[0] == '/';                         // else "(unreachable)..."
}

} // namespace daxemu::preload
