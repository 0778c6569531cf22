#include "runtime/supervise/rights.hpp"

#include <sstream>
#include <string>

#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/sys.hpp"

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

// Past the C library, whose calls change all threads.
void become(uid_t user, gid_t group, const std::vector<gid_t>& groups, bool groups_first) {
  const auto set_groups = [&] {
    (void)sys::call(SYS_setgroups, static_cast<long>(groups.size()), reinterpret_cast<long>(groups.data()));
    (void)sys::call(SYS_setresgid, -1, static_cast<long>(group), -1);
  };
  if (groups_first) {
    set_groups();
  }
  (void)sys::call(SYS_setresuid, -1, static_cast<long>(user), -1);
  if (!groups_first) {
    set_groups();
  }
}

} // namespace

Rights::Rights(const Target& target) : user_(::geteuid()), group_(::getegid()) {
  if (user_ != 0) { // nobody else can be another
    return;
  }
  constexpr std::size_t kEffective = 1;
  const std::string status = target.proc_file("status");
  const auto users = numbers_behind(status, "Uid");
  const auto their_groups = numbers_behind(status, "Gid");
  if (users.size() <= kEffective || their_groups.size() <= kEffective ||
      (users[kEffective] == user_ && their_groups[kEffective] == group_)) {
    return;
  }
  const int count = ::getgroups(0, nullptr);
  groups_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  (void)::getgroups(count, groups_.data());
  const auto others = numbers_behind(status, "Groups");
  become(users[kEffective], their_groups[kEffective], {others.begin(), others.end()}, true);
  taken_ = true;
}

Rights::~Rights() {
  if (taken_) {
    become(user_, group_, groups_, false);
  }
}

} // namespace daxemu::supervise
