#include "runtime/preload/nodes/caller.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::preload {
namespace {

struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
};

Capabilities capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0}; // 0: the caller
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (!sys::call(SYS_capget, reinterpret_cast<long>(&header), reinterpret_cast<long>(data))) {
    return {};
  }
  const auto whole = [](std::uint32_t low, std::uint32_t high) { return low | static_cast<std::uint64_t>(high) << 32; };
  return {whole(data[0].effective, data[1].effective), whole(data[0].permitted, data[1].permitted)};
}

std::uint32_t id(long number, long argument = 0) {
  return static_cast<std::uint32_t>(sys::call(number, argument).value_or(0));
}

constexpr long kLeaveIt = -1; // no ID: setfsuid(2) and setfsgid(2) change nothing, and say what it is

} // namespace

uid_t Caller::file_system_uid() noexcept {
  return id(SYS_setfsuid, kLeaveIt);
}

uid_t Caller::effective_uid() noexcept {
  return id(SYS_geteuid);
}

gid_t Caller::effective_gid() noexcept {
  return id(SYS_getegid);
}

Caller::Caller(As as) noexcept {
  const Capabilities has = capabilities();
  if (as == As::real) {
    who_.uid = id(SYS_getuid);
    who_.gid = id(SYS_getgid);
    who_.capabilities = who_.uid == 0 ? has.permitted : 0;
  } else {
    who_.uid = file_system_uid();
    who_.gid = id(SYS_setfsgid, kLeaveIt);
    who_.capabilities = has.effective;
  }
  const auto count = sys::call(SYS_getgroups, groups_.size(), reinterpret_cast<long>(groups_.data()));
  who_.groups = {groups_.data(), count ? static_cast<std::size_t>(*count) : 0};
}

} // namespace daxemu::preload
