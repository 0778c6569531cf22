#include "runtime/preload/names/resolver.hpp"

#include <algorithm>
#include <climits>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "emu/base/sys.hpp"

namespace daxemu::preload {
namespace {

constexpr int kMostLinks = 40; // MAXSYMLINKS in include/linux/namei.h

// Below which every emulated path lies, and the links to open files that may be ours.
constexpr std::string_view kTops[] = {"/dev", "/sys", "/proc"};

// What one pass over a path tells, which is all that most calls may cost.
struct Shape {
  explicit Shape(const char* path) : begin(path), end(path) {
    for (; *end != '\0'; ++end) {
      uneven = uneven || (end[0] == '/' && (end[1] == '/' || end[1] == '.'));
    }
  }
  [[nodiscard]] std::string_view text() const { return {begin, end}; }

  const char* begin;
  const char* end;
  bool uneven = false; // "//", or a component that begins with a dot
};

bool mentions_top(std::string_view path) {
  return path.find("dev") != std::string_view::npos || path.find("sys") != std::string_view::npos ||
         path.find("proc") != std::string_view::npos;
}

// /proc/PID/fd/N and what devtmpfs links to it.
bool leads_to_descriptors(std::string_view path) {
  return path.starts_with("/dev/fd") || path.starts_with("/dev/std") ||
         (path.starts_with("/proc/") && path.find("/fd") != std::string_view::npos);
}

bool is_in_sys(std::string_view path) {
  return path.starts_with("/sys") && (path.size() == 4 || path[4] == '/');
}

bool absolute_is_likely(const Shape& path) {
  if (path.uneven) {
    return path.text().find_first_not_of('/') != std::string_view::npos && mentions_top(path.text());
  }
  const char first = path.begin[1]; // of kTops; most paths of most programs begin otherwise
  return (first == 'd' || first == 's' || first == 'p') &&
         (sysfs::Tree::may_claim(path.text()) || leads_to_descriptors(path.text()));
}

// Does the kernel find that something on the path is not there before it comes to a link? One call, where it has
// openat2(2) and no filter refuses it.
bool misses_without_links(int dirfd, const char* path, bool follows_last) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (follows_last ? 0U : static_cast<unsigned>(O_NOFOLLOW));
  how.resolve = RESOLVE_NO_SYMLINKS;
  const auto opened =
      sys::call(SYS_openat2, dirfd, reinterpret_cast<long>(path), reinterpret_cast<long>(&how), sizeof how);
  if (opened) { // it is there by now
    sys::close(static_cast<int>(*opened));
    return false;
  }
  return opened.error() == Errno{ENOENT} || opened.error() == Errno{ENOTDIR};
}

} // namespace

// Where a walk is: `at` is canonical, `rest` is what is still to come.
struct Resolver::Walk {
  PathText at;
  PathText rest;
  int links = 0;
  std::size_t name_begins = 0; // in `at`, of the component just stepped on
  bool crossed = false;        // some step was emulated: the kernel could not follow
};

bool Resolver::is_likely(int dirfd, const char* path) const noexcept {
  if (*path == '/') {
    return absolute_is_likely(Shape(path));
  }
  if (dirfd != AT_FDCWD) {
    return descriptors_->classify(dirfd) == FdClass::directory;
  }
  const std::string_view text(path);
  return directory_->is_near() || (text.find("..") != std::string_view::npos && mentions_top(text));
}

bool Resolver::is_worth_a_walk(int dirfd, const char* path, Follow follow) const noexcept {
  std::string_view parent(path);
  while (parent.size() > 1 && parent.ends_with('/')) {
    parent.remove_suffix(1);
  }
  const bool follows_last = follow == Follow::always || parent.size() != std::string_view(path).size();
  if (misses_without_links(dirfd, path, follows_last)) {
    return false; // what is_likely() has not found in the path itself is not on it
  }
  if (follows_last) {
    char text[8];
    const auto link = sys::readlinkat(dirfd, path, text, sizeof text);
    if (link || link.error().value == ENOTDIR) {
      return true; // it dangles, for the kernel
    }
  }
  const std::size_t slash = parent.rfind('/');
  if (slash == std::string_view::npos || slash == 0) {
    return false;
  }
  parent = parent.substr(0, slash);
  const bool absolute = parent.starts_with('/');
  if (absolute && existing_.contains(parent)) {
    return false;
  }
  PathText directory;
  if (!directory.assign(parent)) {
    return false;
  }
  struct stat about {}; // its links followed
  if (sys::call(SYS_newfstatat, dirfd, reinterpret_cast<long>(directory.c_str()), reinterpret_cast<long>(&about), 0) &&
      S_ISDIR(about.st_mode) && !descriptors_->may_hold_nodes(about.st_dev)) {
    if (absolute) {
      existing_.note(parent);
    }
    return false;
  }
  return true;
}

bool Resolver::kernel_finds_hidden(int dirfd, const char* path, Follow follow) const noexcept {
  const auto about = sys::fstatat(dirfd, path, follow == Follow::not_last ? AT_SYMLINK_NOFOLLOW : 0);
  return about && hidden_->is_one(*about);
}

void Resolver::resolve(int dirfd, const char* path, Follow follow, Resolution& out) const noexcept {
  out.kind = Resolution::Kind::foreign;
  out.creatable = false;
  const std::string_view text(path);
  // Most emulated paths arrive canonical.
  if (text.starts_with('/') && text.size() > 1 && !text.ends_with('/') && !Shape(path).uneven &&
      sysfs::Tree::may_claim(text)) {
    if (auto found = tree_->lookup(text);
        found && (found->type != sysfs::NodeType::symlink || follow == Follow::not_last)) {
      out.kind = Resolution::Kind::node;
      out.node = *found;
      out.path.assign(text);
      return;
    }
  }
  Walk walk;
  if (!walk.rest.assign(text)) {
    return; // ENAMETOOLONG, the kernel will say
  }
  if (!text.starts_with('/')) {
    if (dirfd == AT_FDCWD) {
      walk.crossed = !directory_->emulated().empty();
      if (!directory_->path(walk.at)) {
        return;
      }
    } else {
      PathText link;
      if (!Descriptors::path_of(dirfd, link)) {
        return;
      }
      std::string_view where = Descriptors::vnode_path(link.view());
      walk.crossed = !where.empty();
      if (walk.crossed && !where.ends_with('/')) {
        return; // an attribute: the kernel's ENOTDIR is right
      }
      where = walk.crossed ? where.substr(0, where.size() - 1) : link.view();
      walk.at.assign(where);
    }
  } else {
    walk.at.assign("/");
  }
  this->walk(walk, follow, out);
}

// Replaces the link just stepped on by its target: what is to come next is the target, then the rest.
bool Resolver::splice(Walk& walk, PathText& target) noexcept {
  if (!walk.rest.empty() && !(target.append("/") && target.append(walk.rest.view()))) {
    return false;
  }
  if (target.view().starts_with('/')) {
    walk.at.assign("/");
  }
  return ++walk.links <= kMostLinks && walk.rest.assign(target.view());
}

void Resolver::hand_over(const Walk& walk, Resolution& out) noexcept {
  out.kind = walk.crossed ? Resolution::Kind::elsewhere : Resolution::Kind::foreign;
  if (walk.crossed) {
    out.path.assign(walk.at.view());
    if (!walk.rest.empty() && !(out.path.append("/") && out.path.append(walk.rest.view()))) {
      out.kind = Resolution::Kind::refused;
      out.error = Errno{ENAMETOOLONG};
    }
  }
}

void Resolver::walk(Walk& walk, Follow follow, Resolution& out) const noexcept {
  const auto refuse = [&out](int code, bool creatable = false) {
    out.kind = Resolution::Kind::refused;
    out.error = Errno{code};
    out.creatable = creatable;
  };
  for (;;) {
    const std::string_view rest = walk.rest.view();
    const std::size_t begin = rest.find_first_not_of('/');
    if (begin == std::string_view::npos) {
      arrive(walk, !rest.empty(), out);
      return;
    }
    const std::size_t end = std::min(rest.find('/', begin), rest.size());
    const std::size_t next = std::min(rest.find_first_not_of('/', end), rest.size());
    const bool last = next == rest.size();
    const bool as_directory = end != rest.size(); // "x/" and "x/y": x must be a directory, and is followed
    const FixedString<NAME_MAX + 2> name(rest.substr(begin, end - begin));
    const std::size_t before = walk.at.view().size();
    if (name.view() == "..") {
      walk.at.pop();
    } else if (name.view() != "." && !walk.at.push(name.view())) {
      refuse(ENAMETOOLONG);
      return;
    }
    walk.rest.assign(last && as_directory ? std::string_view("/") : rest.substr(next));
    if (name.view() == ".." || name.view() == ".") {
      continue;
    }
    const bool stop_at_link = last && !as_directory && follow == Follow::not_last;
    // Below /sys the directories that the real system has too are no links: the tree knows them, nobody needs to be
    // asked.
    const bool known = sysfs::Tree::may_claim(walk.at.view()) || is_in_sys(walk.at.view());
    const auto found = known ? tree_->lookup(walk.at.view()) : Result<sysfs::Node>(fail(ENOENT));
    if (!found) {
      walk.name_begins = before;
      if (hidden_->is_one(walk.at.view())) {
        refuse(ENOENT);
        return;
      }
      if (misses(walk, last && !as_directory, out) || !step_real(walk, stop_at_link, out)) {
        return;
      }
      continue;
    }
    walk.crossed = walk.crossed || !found->shared;
    if (found->type == sysfs::NodeType::symlink && !stop_at_link) {
      const auto text = tree_->readlink(*found);
      PathText& target = out.path; // a buffer nobody needs yet
      walk.at.set_size(before);
      if (!text || !target.assign(text->view()) || !splice(walk, target)) {
        refuse(text ? ELOOP : text.error().value);
        return;
      }
      continue;
    }
    if (found->type != sysfs::NodeType::directory && as_directory) {
      refuse(ENOTDIR);
      return;
    }
    if (last) {
      out.kind = Resolution::Kind::node;
      out.node = *found;
      out.path.assign(walk.at.view());
      return;
    }
  }
}

// The walk ends on a directory named by ".", "..", a trailing slash or the start itself.
void Resolver::arrive(Walk& walk, bool trailing_slash, Resolution& out) const noexcept {
  const auto found = tree_->lookup(walk.at.view());
  if (!found || walk.at.view() == "/") {
    walk.rest.clear();
    hand_over(walk, out);
    return;
  }
  out.kind = Resolution::Kind::node;
  out.node = *found;
  out.path.assign(walk.at.view());
  if (trailing_slash && found->type != sysfs::NodeType::directory) {
    out.kind = Resolution::Kind::refused;
    out.error = Errno{ENOTDIR};
  }
}

// `at` is no node. Is that the answer, because its parent is an emulated directory with no real counterpart?
bool Resolver::misses(const Walk& walk, bool last, Resolution& out) const noexcept {
  const std::string_view parent_path = walk.at.view().substr(0, walk.name_begins);
  if (!sysfs::Tree::may_claim(parent_path)) {
    return false;
  }
  const auto parent = tree_->lookup(parent_path);
  if (!parent || parent->shared) {
    return false;
  }
  out.kind = Resolution::Kind::refused;
  out.error = Errno{parent->type == sysfs::NodeType::directory ? ENOENT : ENOTDIR};
  out.creatable = last && parent->type == sysfs::NodeType::directory;
  return true;
}

// Steps onto a component the tree does not have. False: the walk is over, `out` says how.
bool Resolver::step_real(Walk& walk, bool stop_at_link, Resolution& out) const noexcept {
  if (stop_at_link) {
    // Shared directories are not claimed, yet they are nodes.
    const auto found = tree_->lookup(walk.at.view());
    if (found && found->shared) {
      out.kind = Resolution::Kind::node;
      out.node = *found;
      out.path.assign(walk.at.view());
    } else {
      hand_over(walk, out);
    }
    return false;
  }
  PathText& target = out.path; // a buffer nobody needs yet
  const auto length = sys::readlinkat(AT_FDCWD, walk.at.c_str(), target.data(), target.capacity());
  if (!length) {
    if (length.error().value == EINVAL) {
      return true; // a directory or a file
    }
    hand_over(walk, out); // absent or forbidden: the kernel finds the words
    return false;
  }
  target.set_size(*length);
  if (walk.at.view().starts_with("/proc/") && !translate_magic_link(AT_FDCWD, walk.at.c_str(), target) &&
      !target.view().starts_with('/') && target.view().find(':') != std::string_view::npos) {
    hand_over(walk, out); // "pipe:[1]" and the like
    return false;
  }
  walk.at.set_size(walk.name_begins);
  if (!splice(walk, target)) {
    out.kind = Resolution::Kind::foreign; // ELOOP or ENAMETOOLONG, from the kernel
    return false;
  }
  return true;
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
  const store::DeviceRecord* device = store_->device_of_inode(about->st_dev, about->st_ino);
  if (device == nullptr) {
    return false;
  }
  const auto name = store_->name_of(*device);
  return target.assign("/dev/") && target.append(name.view());
}

} // namespace daxemu::preload
