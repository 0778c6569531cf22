#include "runtime/cli/stage/descendants.hpp"

#include <charconv>
#include <csignal>
#include <ctime>
#include <map>
#include <set>
#include <string>

#include <dirent.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::cli {
namespace {

// Process by parent. Zombies are nobody who could do anything.
std::map<pid_t, pid_t> parents() {
  std::map<pid_t, pid_t> all;
  DIR* const list = ::opendir("/proc");
  while (const dirent* entry = list == nullptr ? nullptr : ::readdir(list)) {
    const std::string_view name(entry->d_name);
    pid_t process = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), process).ec == std::errc() && process > 0) {
      bool is_dead = false;
      all[process] = supervise::Target::parent_of(process, nullptr, &is_dead);
      if (is_dead) {
        all.erase(process);
      }
    }
  }
  if (list != nullptr) {
    ::closedir(list);
  }
  return all;
}

bool descends(const std::map<pid_t, pid_t>& parent_of, pid_t process, pid_t from) {
  for (int depth = 0; depth < 4096; ++depth) {
    const auto at = parent_of.find(process);
    if (at == parent_of.end()) {
      return false;
    }
    if (at->second == from) {
      return true;
    }
    process = at->second;
  }
  return false;
}

} // namespace

int end_descendants() {
  std::set<pid_t> ended;
  for (int round = 0; round < 100; ++round) { // new ones may have been made meanwhile
    const auto all = parents();
    bool any = false;
    for (const auto& [process, parent] : all) {
      if (descends(all, process, ::getpid())) {
        any = ::kill(process, SIGKILL) == 0 || any;
        ended.insert(process);
      }
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (!any) {
      break;
    }
    const timespec moment{0, 1'000'000};
    ::nanosleep(&moment, nullptr);
  }
  return static_cast<int>(ended.size());
}

} // namespace daxemu::cli
