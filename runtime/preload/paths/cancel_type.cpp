#include "runtime/preload/paths/cancel_type.hpp"

#include <charconv>
#include <string_view>

#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/real.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_REAL(pthread_setcanceltype, CancelTypeSetter);
DAXEMU_REAL(gnu_get_libc_version, const char*());

constexpr std::string_view kMajor = "2.";
constexpr int kFirstThatLosesNothing = 41;

bool sets_as_we_do() {
  const std::string_view version = real_gnu_get_libc_version.exists() ? real_gnu_get_libc_version() : "";
  int minor = kFirstThatLosesNothing;
  return version.starts_with(kMajor) &&
         std::from_chars(version.data() + kMajor.size(), version.data() + version.size(), minor).ec == std::errc() &&
         minor < kFirstThatLosesNothing;
}

} // namespace

DAXEMU_OFTEN constinit std::atomic<bool> CancelType::asked_{false};

CancelTypeSetter* CancelType::find() noexcept {
  CancelTypeSetter* const found =
      real_pthread_setcanceltype.is_libcs() && sets_as_we_do() ? real_pthread_setcanceltype.get() : nullptr;
  PlainCalls::learn_cancel_type_setter(found);
  asked_.store(true, std::memory_order_release);
  return found;
}

} // namespace daxemu::preload
