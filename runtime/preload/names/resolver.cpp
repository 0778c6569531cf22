#include "runtime/preload/names/walk.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/names/known_directories.hpp"
#include "runtime/preload/names/path_bytes.hpp"

namespace daxemu::preload {
namespace {

// Below which every emulated path lies, and the links to open files that may be ours.
constexpr std::string_view kTops[] = {"/dev", "/sys", "/proc"};

// Absolute real parents, for is_worth_a_walk(). Not part of a Resolver: nobody writes to it before it is wanted.
DAXEMU_OFTEN_WIDE constinit KnownDirectories existing;

// What one pass over a path tells, which is all that most calls may cost.
struct Shape {
  explicit Shape(const char* path) : begin(path), end(path + std::strlen(path)) { uneven = is_uneven(text()); }
  [[nodiscard]] std::string_view text() const { return {begin, end}; }

  const char* begin;
  const char* end;
  bool uneven = false; // "//", or a component that begins with a dot
};

bool mentions_top(std::string_view path) {
  return path.find("dev") != std::string_view::npos || path.find("sys") != std::string_view::npos ||
         path.find("proc") != std::string_view::npos;
}

// /proc/PID/fd/N and what devtmpfs links to it; /proc/PID/map_files, where the bytes of a device themselves are found.
DAXEMU_START_PATH bool leads_to_descriptors(std::string_view path) {
  return path.starts_with("/dev/fd") || path.starts_with("/dev/std") ||
         (path.starts_with("/proc/") &&
          (path.find("/fd") != std::string_view::npos || path.find("/map_files/") != std::string_view::npos));
}

DAXEMU_START_PATH bool absolute_may_lead(const Shape& path) {
  if (path.uneven) {
    return path.text().find_first_not_of('/') != std::string_view::npos && mentions_top(path.text());
  }
  const char first = path.begin[1]; // of kTops; most paths of most programs begin otherwise
  return (first == 'd' || first == 's' || first == 'p') &&
         (sysfs::Tree::may_claim(path.text()) || leads_to_descriptors(path.text()));
}

// "x//" is "x".
std::string_view without_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path;
}

// What is before the last component: "/" of "/x", nothing of "x".
DAXEMU_START_PATH std::string_view parent_of(std::string_view path) {
  path = without_slashes(path);
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : without_slashes(path.substr(0, slash == 0 ? 1 : slash));
}

// Does the kernel find that something on the path is not there before it comes to a link? One call, where it has
// openat2(2), and no filter refuses it or may end the program for it.
DAXEMU_START_PATH bool misses_without_links(int dirfd, const char* path, bool follows_last) {
  if (!PlainCalls::may_be_unusual()) {
    return false;
  }
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (follows_last ? 0U : static_cast<unsigned>(O_NOFOLLOW));
  how.resolve = RESOLVE_NO_SYMLINKS;
  const auto opened =
      sys::call(SYS_openat2, dirfd, reinterpret_cast<long>(path), reinterpret_cast<long>(&how), sizeof how);
  if (opened) { // it is there by now
    (void)sys::close(static_cast<int>(*opened));
    return false;
  }
  return opened.error() == Errno{ENOENT} || opened.error() == Errno{ENOTDIR};
}

} // namespace

DAXEMU_START_PATH bool Resolver::absolute_is_likely(const char* path) const noexcept {
  return text_holds() ? absolute_may_lead(Shape(path)) : leads_to_descriptors(path);
}

DAXEMU_START_PATH bool Resolver::relative_is_likely(const char* path) const noexcept {
  const std::string_view text(path);
  return directory_->is_near() || (text.find("..") != std::string_view::npos && mentions_top(text));
}

// Is something on an absolute path not there, in a folder that was seen to be there a moment ago and has no nodes? Then
// no link of that folder leads on, and it is one call where the questions below are up to seven: programs look for what
// is in no /lib/modules hundreds of times.
DAXEMU_START_PATH bool Resolver::misses_in_known(std::string_view path) const noexcept {
  for (std::string_view above = parent_of(path); above.size() > 1; path = above, above = parent_of(above)) {
    if (existing.contains(above)) {
      PathText entry;
      char text[8];
      const auto link = entry.assign(path) ? sys::readlinkat(AT_FDCWD, entry.c_str(), text, sizeof text)
                                           : Result<std::size_t>(fail(EINVAL));
      return !link && link.error() == Errno{ENOENT};
    }
  }
  return false;
}

// Something in `parent` is not there. Programs that search ask for much in few folders: once for the second time, it is
// worth knowing them (misses_in_known() takes two thirds of the time).
DAXEMU_START_PATH void Resolver::note_asked(std::string_view parent, std::string_view missing) const noexcept {
  PathText mark; // no folder is called that
  if (!mark.assign(parent) || !mark.append("/")) {
    return;
  }
  if (existing.contains(mark.view())) {
    note_above(missing);
  } else {
    existing.note(mark.view());
  }
}

// The nearest folder above one that is not there.
DAXEMU_START_PATH void Resolver::note_above(std::string_view missing) const noexcept {
  for (std::string_view above = parent_of(missing); above.size() > 1; above = parent_of(above)) {
    PathText directory;
    const auto about =
        directory.assign(above) ? sys::fstatat(AT_FDCWD, directory.c_str(), 0) : Result<struct stat>(fail(EINVAL));
    if (about && S_ISDIR(about->st_mode) && !descriptors_->may_hold_nodes(about->st_dev)) {
      existing.note(above);
    }
    if (about || about.error() != Errno{ENOENT}) {
      return;
    }
  }
}

DAXEMU_START_PATH bool Resolver::is_worth_a_walk(int dirfd, const char* path, Follow follow) const noexcept {
  const std::string_view whole = without_slashes(path);
  // A name that a node may have is looked for: /dev may have been mounted there since the folder was seen.
  if (whole.starts_with('/') && !may_be_made(path) && misses_in_known(whole)) {
    return false;
  }
  const bool follows_last = follow == Follow::always || whole.size() != std::string_view(path).size();
  const std::string_view parent = parent_of(path);
  if (parent.empty() && dirfd == AT_FDCWD && directory_->is_plainly_far() && !may_be_made(path)) {
    return follows_last && leads_on(dirfd, whole); // what has that name can only be a link that dangles for the kernel
  }
  if (misses_without_links(dirfd, path, follows_last)) {
    if (parent.starts_with('/')) {
      note_asked(parent, whole);
    }
    // What is_likely() has not found in the path itself is not on it, unless /dev has another name as well.
    return may_be_made(path) && is_in_dev(dirfd, path);
  }
  if (follows_last && leads_on(dirfd, whole)) {
    return true;
  }
  const bool absolute = parent.starts_with('/');
  if (parent.empty() || parent == "/" || (absolute && existing.contains(parent))) {
    return false;
  }
  PathText directory;
  if (!directory.assign(parent)) {
    return false;
  }
  const auto about = sys::fstatat(dirfd, directory.c_str(), 0); // its links followed
  if (about && S_ISDIR(about->st_mode) && !descriptors_->may_hold_nodes(about->st_dev)) {
    if (absolute) {
      existing.note(parent);
    }
    return false;
  }
  if (!about && absolute && about.error() == Errno{ENOENT}) {
    note_above(parent);
  }
  return true;
}

// Is there a link of that name, or something in the way to it?
DAXEMU_START_PATH bool Resolver::leads_on(int dirfd, std::string_view path) noexcept {
  PathText link;
  char text[8];
  const auto length =
      link.assign(path) ? sys::readlinkat(dirfd, link.c_str(), text, sizeof text) : Result<std::size_t>(fail(ENOENT));
  return length || length.error().value == ENOTDIR;
}

bool Resolver::kernel_finds_hidden(int dirfd, const char* path, Follow follow) const noexcept {
  const auto about = sys::fstatat(dirfd, path, follow == Follow::not_last ? AT_SYMLINK_NOFOLLOW : 0);
  return about && hidden_->is_one(*about);
}

DAXEMU_START_PATH bool Resolver::names_node(std::string_view name) const noexcept {
  return sysfs::Tree::may_name_node(*store_, name);
}

DAXEMU_START_PATH bool Resolver::may_be_made(const char* path) const noexcept {
  const std::string_view text = without_slashes(path);
  return names_node(text.substr(text.rfind('/') + 1)); // npos + 1 is 0
}

bool Resolver::is_in_dev(int dirfd, const char* path) const noexcept {
  const std::string_view parent = parent_of(path);
  PathText directory;
  if (!directory.assign(parent.empty() ? "." : parent)) {
    return false;
  }
  const auto about = sys::fstatat(dirfd, directory.c_str(), 0);
  return about && descriptors_->is_dev_directory(*about);
}

void Resolver::note_new_root() const noexcept {
  const auto about = sys::fstatat(AT_FDCWD, "/dev", 0);
  text_holds_.store(about && descriptors_->is_dev_directory(*about), std::memory_order_release);
}

bool Resolver::start(Walk& walk, int dirfd, std::string_view text, Resolution& out) const noexcept {
  const bool absolute = text.starts_with('/');
  if (absolute && (walk.rules & RESOLVE_BENEATH) != 0) {
    out.kind = Resolution::Kind::refused;
    out.error = Errno{EXDEV};
    return false;
  }
  if (absolute && (walk.rules & RESOLVE_IN_ROOT) == 0) {
    walk.at.assign("/");
  } else if (dirfd == AT_FDCWD) {
    walk.crossed = !directory_->emulated().empty();
    if (!directory_->path(walk.at)) {
      return false;
    }
  } else {
    PathText link;
    if (!Descriptors::path_of(dirfd, link)) {
      return false;
    }
    std::string_view where = Descriptors::vnode_path(link.view());
    walk.crossed = !where.empty();
    if (walk.crossed && !where.ends_with('/')) {
      return false; // an attribute: the kernel's ENOTDIR is right
    }
    where = walk.crossed ? where.substr(0, where.size() - 1) : link.view();
    walk.at.assign(where);
  }
  if (walk.rules != 0) {
    walk.floor = walk.at.view().size();
    walk.mount = file_system_at(walk.at);
  }
  return true;
}

void Resolver::resolve(int dirfd, const char* path, Follow follow, Resolution& out,
                       std::uint64_t rules) const noexcept {
  out.kind = Resolution::Kind::foreign;
  out.creatable = false;
  out.slashed = false;
  out.bound = false;
  const std::string_view text(path);
  // Most emulated paths arrive canonical, but for links.
  if (rules == 0 && text.starts_with('/') && text.size() > 1 && !text.ends_with('/') && !Shape(path).uneven &&
      text_holds() && sysfs::Tree::may_claim(text) && run(text, follow, out)) {
    return;
  }
  resolve_by_steps(dirfd, text, follow, out, rules);
}

void Resolver::resolve_by_steps(int dirfd, std::string_view text, Follow follow, Resolution& out,
                                std::uint64_t rules) const noexcept {
  Walk walk;
  walk.rules = rules;
  if (!walk.rest.assign(text)) {
    return; // ENAMETOOLONG, the kernel will say
  }
  if (!start(walk, dirfd, text, out)) {
    return;
  }
  this->walk(walk, follow, out);
  if ((rules & RESOLVE_CACHED) != 0 && (out.kind == Resolution::Kind::node || out.kind == Resolution::Kind::refused)) {
    const bool missing = out.kind == Resolution::Kind::refused && !out.slashed &&
                         (out.error == Errno{ENOENT} || out.error == Errno{ENOTDIR});
    if (walk.uncached || missing) {
      out.kind = Resolution::Kind::refused;
      out.error = Errno{EAGAIN};
      out.creatable = false;
    }
  }
}

// Along a canonical path, from link to link. False: it is for walk() to say what is there.
bool Resolver::run(std::string_view text, Follow follow, Resolution& out) const noexcept {
  for (int links = 0; links <= kMostLinks; ++links) {
    std::size_t length = text.size();
    const auto found = text.starts_with("/sys/") ? tree_->reach(text, length) : tree_->lookup(text);
    if (!found) {
      return false;
    }
    const std::string_view rest = text.substr(length);
    if (found->type != sysfs::NodeType::symlink || (rest.empty() && follow == Follow::not_last)) {
      if (!out.path.assign(text)) {
        return false;
      }
      out.kind = Resolution::Kind::node;
      out.node = *found;
      return true;
    }
    const auto target = tree_->target(*found);
    PathText next;
    if (!target || !next.assign(target->view()) || !next.append(rest) || !out.path.assign(next.view())) {
      return false;
    }
    text = out.path.view();
  }
  return false;
}

bool Resolver::shown_target(int dirfd, const char* path, PathText& into) const noexcept {
  const auto length = sys::readlinkat(dirfd, path, into.data(), into.capacity());
  if (!length) {
    return false;
  }
  into.set_size(*length);
  return translate_magic_link(dirfd, path, into);
}

bool Resolver::translate_magic_link(int dirfd, const char* link, PathText& target) const noexcept {
  if (std::string_view path = Descriptors::vnode_path(target.view()); !path.empty()) {
    if (path.size() > 1 && path.ends_with('/')) {
      path.remove_suffix(1);
    }
    return target.assign(path);
  }
  const auto about = sys::fstatat(dirfd, link, 0);
  if (!about || !S_ISREG(about->st_mode)) {
    return false;
  }
  if (const store::RegionRecord* region = store_->disk_of_node(about->st_dev, about->st_ino); region != nullptr) {
    const auto node = tree_->node_of_disk(*region);
    return node && target.assign(node->path.view());
  }
  const store::DeviceRecord* device = store_->device_of_node(about->st_dev, about->st_ino);
  if (device == nullptr) { // /proc/PID/map_files
    device = store_->device_of_bytes(about->st_dev, about->st_ino);
  }
  if (device == nullptr) {
    return false;
  }
  const sysfs::Node node = tree_->node_of(*device);
  return target.assign(node.path.view()) && (!node.gone || target.append(kDeleted));
}

} // namespace daxemu::preload
