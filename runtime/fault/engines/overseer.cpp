#include "runtime/fault/engines/overseer.hpp"

#include <array>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/valgrind.hpp"

namespace daxemu::fault {
namespace {

using store::EngineKind;

bool is_traced() noexcept {
  const auto status = sys::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (!status) {
    return false;
  }
  std::array<char, 512> text{}; // the field is among the first (proc_pid_status)
  const auto got = sys::call(SYS_read, *status, reinterpret_cast<long>(text.data()), text.size());
  (void)sys::close(*status);
  const std::string_view lines(text.data(), got ? static_cast<std::size_t>(*got) : 0);
  constexpr std::string_view kField = "\nTracerPid:\t";
  const std::size_t at = lines.find(kField);
  return at != std::string_view::npos && at + kField.size() < lines.size() && lines[at + kField.size()] != '0';
}

} // namespace

Overseer overseer() noexcept {
  if (sys::runs_in_valgrind()) {
    return Overseer::valgrind;
  }
  return is_traced() ? Overseer::tracer : Overseer::none;
}

EngineKind engine_under(Overseer by, EngineKind wanted, bool exact) noexcept {
  switch (by) {
  case Overseer::valgrind:
    return wanted == EngineKind::inline_ ? wanted : EngineKind::populate;
  case Overseer::tracer:
    return wanted == EngineKind::automatic && !exact ? EngineKind::populate : wanted;
  case Overseer::none:
    break;
  }
  return wanted;
}

} // namespace daxemu::fault
