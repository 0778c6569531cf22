#include "runtime/supervise/rights.hpp"

#include <array>
#include <sstream>
#include <string>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::supervise {
namespace {

// The numbers behind `label` in /proc/PID/status.
std::vector<unsigned> numbers_behind(const std::string& status, const std::string& label) {
  std::vector<unsigned> found;
  const std::size_t at = status.find("\n" + label + ":");
  if (at == std::string::npos) {
    return found;
  }
  const std::size_t begin = at + label.size() + 2;
  std::istringstream line(status.substr(begin, status.find('\n', begin) - begin));
  for (unsigned number = 0; line >> number;) {
    found.push_back(number);
  }
  return found;
}

// Of this thread.
class Capabilities {
public:
  Capabilities() { (void)sys::call(SYS_capget, header(), reinterpret_cast<long>(words_.data())); }

  [[nodiscard]] std::uint64_t effective() const {
    return words_[0].effective | static_cast<std::uint64_t>(words_[1].effective) << 32U;
  }
  void set_effective(std::uint64_t which) {
    words_[0].effective = static_cast<std::uint32_t>(which);
    words_[1].effective = static_cast<std::uint32_t>(which >> 32U);
    (void)sys::call(SYS_capset, header(), reinterpret_cast<long>(words_.data()));
  }

private:
  [[nodiscard]] long header() { return reinterpret_cast<long>(&header_); }

  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> words_{};
};

void set_groups(const std::vector<gid_t>& groups) {
  (void)sys::call(SYS_setgroups, static_cast<long>(groups.size()), reinterpret_cast<long>(groups.data()));
}

} // namespace

// Past the C library, whose calls change all threads. Capabilities last, without which nothing of this is allowed.
void Rights::take(const Who& who, const std::vector<gid_t>& groups, bool without_capabilities) {
  Capabilities capabilities;
  effective_ = capabilities.effective();
  set_groups(groups);
  (void)sys::call(SYS_setfsgid, static_cast<long>(who.group));
  (void)sys::call(SYS_setfsuid, static_cast<long>(who.user)); // which takes those that override files' rights
  if (without_capabilities) {
    capabilities.set_effective(0);
  }
}

// They are permitted all the time, as the saved user is root.
void Rights::give_back() {
  (void)sys::call(SYS_setfsuid, static_cast<long>(ours_.user));
  Capabilities().set_effective(effective_);
  (void)sys::call(SYS_setfsgid, static_cast<long>(ours_.group));
  set_groups(groups_);
}

Rights::Rights(const Target& target, By by) : ours_{::geteuid(), ::getegid()} {
  if (ours_.user != 0) { // nobody else can be another
    return;
  }
  constexpr std::size_t kReal = 0;
  constexpr std::size_t kEffective = 1;
  constexpr std::size_t kFileSystem = 3;
  const std::string status = target.proc_file("status");
  const auto users = numbers_behind(status, "Uid");
  const auto their_groups = numbers_behind(status, "Gid");
  if (users.size() <= kFileSystem || their_groups.size() <= kFileSystem) {
    return;
  }
  const std::size_t which = by == By::real ? kReal : kFileSystem;
  const Who theirs{users[which], their_groups[which]};
  const bool without_capabilities = users[by == By::real ? kReal : kEffective] != 0;
  if (theirs == ours_ && !without_capabilities) {
    return;
  }
  const int count = ::getgroups(0, nullptr);
  groups_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  (void)::getgroups(count, groups_.data());
  const auto others = numbers_behind(status, "Groups");
  take(theirs, {others.begin(), others.end()}, without_capabilities);
  taken_ = true;
}

Rights::~Rights() {
  if (taken_) {
    give_back();
  }
}

} // namespace daxemu::supervise
