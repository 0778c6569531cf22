#include "runtime/preload/working_directory.hpp"

#include <sys/syscall.h>

#include "emu/base/sys.hpp"

namespace daxemu::preload {
namespace {

bool begins_path(std::string_view path, std::string_view top) {
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

} // namespace

void WorkingDirectory::enter_emulated(std::string_view path) noexcept {
  if (path.size() >= kLongest) {
    return;
  }
  auto& slot = slots_[next_slot_.fetch_add(1) % slots_.size()];
  std::memcpy(slot.data(), path.data(), path.size());
  slot[path.size()] = '\0';
  emulated_.store(slot.data(), std::memory_order_release);
}

void WorkingDirectory::enter_real() noexcept {
  nearness_.store(Nearness::unknown);
  emulated_.store(nullptr, std::memory_order_release);
}

bool WorkingDirectory::is_near() noexcept {
  if (emulated_.load(std::memory_order_acquire) != nullptr) {
    return true;
  }
  Nearness known = nearness_.load();
  if (known == Nearness::unknown) {
    PathText here;
    const bool near = path(here) && (here.view() == "/" || begins_path(here.view(), "/dev") ||
                                     begins_path(here.view(), "/sys") || begins_path(here.view(), "/proc"));
    known = near ? Nearness::near : Nearness::far;
    nearness_.store(known);
  }
  return known == Nearness::near;
}

bool WorkingDirectory::path(PathText& into) const noexcept {
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
