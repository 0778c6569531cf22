#include "runtime/cli/platforms/find_platform.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "emu/store/location.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/joined.hpp"

namespace daxemu::cli {
namespace {

namespace fs = std::filesystem;

// Store files that `process` (a directory of /proc) keeps.
std::vector<std::string> kept_by(const fs::path& process) {
  std::vector<std::string> found;
  std::error_code gone;
  for (fs::directory_iterator at(process / "fd", gone), end; !gone && at != end; at.increment(gone)) {
    std::error_code closed;
    if (fs::read_symlink(at->path(), closed).string().starts_with("/memfd:daxemu-store")) {
      found.push_back(at->path());
    }
  }
  return found;
}

std::string comm_in(const fs::path& process) {
  std::string comm;
  std::getline(std::ifstream(process / "comm"), comm);
  return comm;
}

// The value of DAXEMU_PLATFORM that a process was started with; empty: none, or another user's process.
std::string platform_in_environment(const fs::path& process) {
  constexpr std::string_view kName = "DAXEMU_PLATFORM=";
  std::ifstream environment(process / "environ", std::ios::binary);
  for (std::string entry; std::getline(environment, entry, '\0');) {
    if (entry.starts_with(kName)) {
      return entry.substr(kName.size());
    }
  }
  return "";
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

Outcome<std::string> platform_of_process(const std::string& pid) {
  const fs::path process = fs::path("/proc") / pid;
  if (!fs::exists(process)) {
    return refuse(ENOENT, fmt::format("there is no process {}", pid), "daxemu list shows the platforms there are");
  }
  if (comm_in(process) == "daxemu") {
    if (const auto kept = kept_by(process); !kept.empty()) {
      return kept.front();
    }
  }
  if (std::string platform = platform_in_environment(process); !platform.empty()) {
    return platform;
  }
  return refuse(ENOENT, fmt::format("process {} ({}) is in no platform", pid, comm_in(process)),
                "start it with daxemu run; daxemu list shows the platforms there are");
}

std::string word_for(const std::string& platform) {
  auto store = open_platform(platform);
  return store ? std::string(store->platform().name.view()) : platform;
}

std::vector<std::string> platforms_of_user() {
  std::vector<std::string> platforms = running_platforms();
  const std::vector<std::string> named = named_platforms();
  platforms.insert(platforms.end(), named.begin(), named.end());
  return platforms;
}

} // namespace

std::vector<std::string> running_platforms() {
  std::vector<std::string> found;
  std::error_code gone;
  for (const fs::directory_entry& process : fs::directory_iterator("/proc", gone)) {
    if (is_number(process.path().filename()) && comm_in(process.path()) == "daxemu") {
      const auto kept = kept_by(process.path());
      found.insert(found.end(), kept.begin(), kept.end());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

void each_store(FunctionRef<bool(const store::Store&)> each) {
  for (const std::string& platform : platforms_of_user()) {
    const auto location = store::store_location(platform);
    const auto store = location ? store::Store::open(location->c_str()) : tl::unexpected(location.error());
    if (store && !each(*store)) {
      return;
    }
  }
}

std::vector<std::string> visible_platforms() {
  if (const char* inside = std::getenv("DAXEMU_PLATFORM"); inside != nullptr && *inside != '\0') {
    return {inside};
  }
  return platforms_of_user();
}

Outcome<std::string> find_platform(const std::string& wish) {
  if (is_number(wish)) {
    const auto named = named_platforms(); // "42" may be a name
    return std::find(named.begin(), named.end(), wish) != named.end() ? wish : platform_of_process(wish);
  }
  if (!wish.empty()) {
    for (const std::string& running : running_platforms()) { // run-123, as daxemu list shows it
      if (auto store = open_platform(running); store && store->platform().name.view() == wish) {
        return running;
      }
    }
    return wish;
  }
  std::vector<std::string> platforms = visible_platforms();
  if (platforms.size() == 1) {
    return platforms.front();
  }
  if (platforms.empty()) {
    return refuse(ENOENT, "there is no platform", "start a command with daxemu run, or make one with daxemu create");
  }
  std::transform(platforms.begin(), platforms.end(), platforms.begin(), word_for);
  return refuse(ENOTUNIQ, fmt::format("there are {} platforms", platforms.size()),
                "say which with --platform: " + joined(platforms, ", "));
}

} // namespace daxemu::cli
