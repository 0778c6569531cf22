#include "runtime/cli/platforms/named_platform.hpp"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "emu/backing/file_source.hpp"
#include "emu/store/location.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "runtime/cli/platforms/left_mounts.hpp"
#include "runtime/cli/platforms/memdev_files.hpp"
#include "runtime/cli/platforms/recovery_report.hpp"
#include "runtime/cli/text/because.hpp"
#include "runtime/cli/text/joined.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

namespace fs = std::filesystem;

// One create or destroy at a time in a user's directory of platforms; the kernel drops the lock with its holder.
class Home {
public:
  [[nodiscard]] static Outcome<Home> enter() {
    const auto directory = store::platforms_directory();
    if (!directory) {
      return because("the directory of named platforms", directory.error().value, "set DAXEMU_HOME to a shorter path");
    }
    if (auto safe = store::make_private(directory->c_str()); !safe) {
      return because(fmt::format("{} is not a directory only you can write to", directory->view()), safe.error().value,
                     "remove it, or set DAXEMU_HOME to a directory of your own on tmpfs");
    }
    auto fd = sys::open(directory->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!fd || ::flock(*fd, LOCK_EX) != 0) {
      return because(fmt::format("{} cannot be locked", directory->view()), fd ? errno : fd.error().value, "try again");
    }
    return Home(UniqueFd(*fd), std::string(directory->view()));
  }
  [[nodiscard]] fs::path directory_of(const std::string& name) const { return fs::path(path_) / name; }

private:
  Home(UniqueFd lock, std::string path) : lock_(std::move(lock)), path_(std::move(path)) {}
  UniqueFd lock_;
  std::string path_;
};

std::string prefix_of(const std::string& name) {
  return fmt::format("daxemu-{}-{}-", ::geteuid(), name);
}

// Removes a platform's files, whole or half-built: its directory, and its huge page files by their prefix.
void remove_files(const fs::path& directory, const std::string& name) {
  std::error_code ignored;
  for (const std::string& mount : backing::hugetlbfs_mounts()) {
    for (const fs::directory_entry& entry : fs::directory_iterator(mount, ignored)) {
      if (entry.path().filename().string().starts_with(prefix_of(name))) {
        fs::remove(entry.path(), ignored);
      }
    }
  }
  fs::remove_all(directory, ignored);
}

// A store that cannot be used, in words; nothing was written to it.
tl::unexpected<Problem> why_not(const std::string& platform, Errno error) {
  const std::string remedy = "remove it: daxemu destroy " + platform;
  switch (error.value) {
  case EPROTO:
    return refuse(EPROTO, fmt::format("the store of platform {} is damaged, or none of daxemu", platform), remedy);
  case ENOTSUP:
    return refuse(ENOTSUP, fmt::format("platform {} is of another version of daxemu", platform),
                  "use the version that made it, or remove it: daxemu destroy " + platform);
  case EIO:
    return refuse(EIO, fmt::format("the store of platform {} is cut short", platform), remedy);
  case EAGAIN:
    return refuse(EAGAIN, fmt::format("the store of platform {} is only half made", platform), remedy);
  case EACCES:
    return refuse(EACCES, fmt::format("the store of platform {} is another user's", platform),
                  "use a platform of your own: daxemu create");
  default:
    return because(fmt::format("platform {}", platform), error.value, remedy);
  }
}

// The same files, of a file system that is never too small beforehand.
class RoomForPart final : public backing::FileSource {
public:
  explicit RoomForPart(backing::FileSource& files) : files_(files) {}
  [[nodiscard]] Result<backing::SourcedFile> make(const std::string& name, std::uint64_t page_size) override {
    return files_.make(name, page_size);
  }
  [[nodiscard]] Result<backing::SourcedFile> adopt(const std::string& name, const std::string& location) override {
    return files_.adopt(name, location);
  }
  void discard(const backing::SourcedFile& file) override { files_.discard(file); }
  [[nodiscard]] std::string no_huge_pages(std::uint64_t page_size) const override {
    return files_.no_huge_pages(page_size);
  }
  [[nodiscard]] std::uint64_t capacity() const override { return UINT64_MAX; }

private:
  backing::FileSource& files_;
};

Outcome<void> check_name(const std::string& name) {
  if (!store::is_platform_name(name)) {
    return refuse(EINVAL, fmt::format("'{}' is no name for a platform", name),
                  "use up to 32 letters, digits, '-', '_' or '.', such as lab");
  }
  return {};
}

} // namespace

Outcome<store::Store> create_named(const std::string& name, const PlatformPlan& plan, Room room) {
  if (auto fine = check_name(name); !fine) {
    return tl::unexpected(fine.error());
  }
  auto home = Home::enter();
  if (!home) {
    return tl::unexpected(home.error());
  }
  const fs::path directory = home->directory_of(name);
  const fs::path ready = directory / "store";
  if (fs::exists(ready)) {
    return refuse(EEXIST, fmt::format("a platform named {} exists", name),
                  fmt::format("choose another name, or remove it: daxemu destroy {}", name));
  }
  if (fs::exists(directory)) { // without a store it is nobody's
    note(fmt::format("platform {}: removing what a create or destroy that was killed has left", name));
  }
  remove_files(directory, name);
  if (::mkdir(directory.c_str(), 0700) != 0) {
    return because(directory.string(), errno, "remove it, or set DAXEMU_HOME to a directory of your own on tmpfs");
  }
  backing::DirectorySource source(directory.string(), prefix_of(name));
  RoomForPart part(source);
  auto built = build_platform(plan, name, room == Room::part ? static_cast<backing::FileSource&>(part) : source);
  if (!built) {
    remove_files(directory, name);
    return tl::unexpected(built.error());
  }
  if (::rename(built->location.c_str(), ready.c_str()) != 0) { // from now on it exists
    const int code = errno;
    remove_files(directory, name);
    return because(ready.string(), code, "try again");
  }
  return std::move(built->store);
}

Outcome<void> destroy_named(const std::string& name, bool force) {
  if (auto fine = check_name(name); !fine) {
    return tl::unexpected(fine.error());
  }
  auto home = Home::enter();
  if (!home) {
    return tl::unexpected(home.error());
  }
  const fs::path directory = home->directory_of(name);
  if (!fs::exists(directory)) {
    return refuse(ENOENT, fmt::format("there is no platform named {}", name), "daxemu list shows those there are");
  }
  // A store that cannot be opened (corrupt, of another version) has no users this program could find: it may go.
  if (auto store = store::Store::open((directory / "store").c_str()); store) {
    if (const std::vector<int> users = users_of(*store); !users.empty() && !force) {
      return refuse(EBUSY, fmt::format("platform {} is in use by process {}", name, joined(users, ", ")),
                    "end them, or use --force");
    }
    remove_left_mounts(*store);
    if (auto settled = settle_memdevs(*store); !settled && !force) {
      return tl::unexpected(settled.error());
    }
  }
  std::error_code ignored;
  fs::remove(directory / "store", ignored); // first: what is left without it is nobody's
  remove_files(directory, name);
  return {};
}

std::vector<std::string> named_platforms() {
  std::vector<std::string> names;
  const auto directory = store::platforms_directory();
  if (!directory || !store::check_private(directory->c_str())) {
    return names;
  }
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory->c_str(), gone)) {
    if (fs::exists(entry.path() / "store", gone)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Outcome<std::string> location_of_platform(const std::string& text) {
  const auto location = store::store_location(text);
  if (!location) {
    return refuse(EINVAL, fmt::format("'{}' names no platform", text), "daxemu list shows those there are");
  }
  return std::string(location->view());
}

Outcome<store::Store> open_platform(const std::string& text) {
  const auto location = location_of_platform(text);
  if (!location) {
    return tl::unexpected(location.error());
  }
  if (auto safe = store::check_location(text); !safe && safe.error() != Errno{ENOENT}) {
    return because(fmt::format("the directory of platform {} is not one that only you can write to", text),
                   safe.error().value, "remove it, or set DAXEMU_HOME to a directory of your own on tmpfs");
  }
  auto store = store::Store::open(location->c_str());
  if (!store && store.error() == Errno{ENOENT}) {
    return refuse(ENOENT, fmt::format("there is no platform named {}", text),
                  "daxemu list shows those there are; daxemu create makes one");
  }
  if (!store) {
    return why_not(text, store.error());
  }
  tell_recoveries(*store);
  return std::move(*store);
}

std::vector<int> users_of(const store::Store& store) {
  std::vector<int> pids;
  for (const store::ProcessSlot& slot : store.slots()) {
    if (store::is_alive(slot)) {
      pids.push_back(slot.pid);
    }
  }
  return pids;
}

} // namespace daxemu::cli
