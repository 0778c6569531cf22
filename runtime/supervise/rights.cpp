#include "runtime/supervise/rights.hpp"

#include <sstream>
#include <string>

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

} // namespace

// Past the C library, whose calls change all threads.
void Rights::become(const Who& who, const std::vector<gid_t>& groups, bool groups_first) {
  const auto set_groups = [&] {
    (void)sys::call(SYS_setgroups, static_cast<long>(groups.size()), reinterpret_cast<long>(groups.data()));
    (void)sys::call(SYS_setresgid, static_cast<long>(who.real_group), static_cast<long>(who.group), -1);
  };
  if (groups_first) {
    set_groups();
  }
  (void)sys::call(SYS_setresuid, static_cast<long>(who.real_user), static_cast<long>(who.user), -1);
  if (!groups_first) {
    set_groups();
  }
}

Rights::Rights(const Target& target) : ours_{::getuid(), ::geteuid(), ::getgid(), ::getegid()} {
  if (ours_.user != 0) { // nobody else can be another
    return;
  }
  constexpr std::size_t kReal = 0;
  constexpr std::size_t kEffective = 1;
  const std::string status = target.proc_file("status");
  const auto users = numbers_behind(status, "Uid");
  const auto their_groups = numbers_behind(status, "Gid");
  if (users.size() <= kEffective || their_groups.size() <= kEffective) {
    return;
  }
  const Who theirs{users[kReal], users[kEffective], their_groups[kReal], their_groups[kEffective]};
  if (theirs == ours_) {
    return;
  }
  const int count = ::getgroups(0, nullptr);
  groups_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  (void)::getgroups(count, groups_.data());
  const auto others = numbers_behind(status, "Groups");
  become(theirs, {others.begin(), others.end()}, true);
  taken_ = true;
}

Rights::~Rights() {
  if (taken_) {
    become(ours_, groups_, false);
  }
}

} // namespace daxemu::supervise
