#include "runtime/preload/names/walk.hpp"

#include <algorithm>
#include <climits>

#include <fcntl.h>
#include <linux/openat2.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::preload {
namespace {

bool is_in_sys(std::string_view path) {
  return path.starts_with("/sys") && (path.size() == 4 || path[4] == '/');
}

void refuse(Resolution& out, int code, bool creatable = false) {
  out.kind = Resolution::Kind::refused;
  out.error = Errno{code};
  out.creatable = creatable;
}

} // namespace

// Replaces the link just stepped on by its target: what is to come next is the target, then the rest.
bool Resolver::splice(Walk& walk, PathText& target) noexcept {
  if (!walk.rest.empty() && !(target.append("/") && target.append(walk.rest.view()))) {
    return false;
  }
  if (target.view().starts_with('/')) {
    walk.at.set_size((walk.rules & RESOLVE_IN_ROOT) != 0 ? walk.floor : 0);
    walk.at.assign(walk.at.empty() ? "/" : walk.at.view());
  }
  return ++walk.links <= kMostLinks && walk.rest.assign(target.view());
}

// May the link just stepped on be followed (step_into(), nd_jump_root(), nd_jump_link() in fs/namei.c)? The errno of
// the refusal, else 0.
int Resolver::link_refusal(const Walk& walk, bool magic, bool absolute) noexcept {
  if ((walk.rules & RESOLVE_NO_SYMLINKS) != 0 || (magic && (walk.rules & RESOLVE_NO_MAGICLINKS) != 0)) {
    return ELOOP;
  }
  if (magic && (walk.rules & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0) {
    return EXDEV;
  }
  return absolute && (walk.rules & RESOLVE_BENEATH) != 0 ? EXDEV : 0;
}

// Has the walk left the file system it began on? Asked at each step of one that must not.
bool Resolver::has_crossed_a_mount(const Walk& walk) const noexcept {
  return (walk.rules & RESOLVE_NO_XDEV) != 0 && file_system_at(walk.at) != walk.mount;
}

std::uint64_t Resolver::file_system_at(const PathText& at) const noexcept {
  if (const auto real = sys::fstatat(AT_FDCWD, at.c_str(), AT_SYMLINK_NOFOLLOW); real) {
    return real->st_dev;
  }
  return descriptors_->file_system_of(at.view());
}

void Resolver::hand_over(const Walk& walk, Resolution& out) noexcept {
  out.kind = walk.crossed ? Resolution::Kind::elsewhere : Resolution::Kind::foreign;
  if (walk.crossed) {
    out.path.assign(walk.at.view());
    if (!walk.rest.empty() && !(out.path.append("/") && out.path.append(walk.rest.view()))) {
      refuse(out, ENAMETOOLONG);
    }
  }
}

// "." and "..": what they are said of must be a directory.
bool Resolver::step_dots(Walk& walk, bool up, Resolution& out) const noexcept {
  if (walk.unproven) {
    const auto about = sys::fstatat(AT_FDCWD, walk.at.c_str(), AT_SYMLINK_NOFOLLOW);
    if (about && !S_ISDIR(about->st_mode)) {
      refuse(out, ENOTDIR);
      return false;
    }
    walk.unproven = false;
  }
  if (!up) {
    return true;
  }
  if ((walk.rules & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0 && walk.at.view().size() <= walk.floor) {
    if ((walk.rules & RESOLVE_BENEATH) != 0) {
      refuse(out, EXDEV);
      return false;
    }
    return true; // its root's parent is the root
  }
  walk.at.pop();
  if (has_crossed_a_mount(walk)) {
    refuse(out, EXDEV);
    return false;
  }
  return true;
}

// Where our link leads, at once: its target is no link, and the way there has none. False: step by step.
bool Resolver::jump(Walk& walk, const sysfs::Node& link) const noexcept {
  if (walk.rules != 0 || !text_holds() || walk.links >= kMostLinks) {
    return false;
  }
  const auto target = tree_->target(link);
  const auto there = target ? tree_->lookup(target->view()) : Result<sysfs::Node>(tl::unexpected(target.error()));
  if (!there || there->type == sysfs::NodeType::symlink || !walk.at.assign(target->view())) {
    return false;
  }
  ++walk.links;
  return true;
}

void Resolver::walk(Walk& walk, Follow follow, Resolution& out) const noexcept {
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
    const bool dots = name.view() == ".." || name.view() == ".";
    const std::size_t before = walk.at.view().size();
    if (!dots && !walk.at.push(name.view())) {
      refuse(out, ENAMETOOLONG);
      return;
    }
    walk.rest.assign(last && as_directory ? std::string_view("/") : rest.substr(next));
    if (dots) {
      if (!step_dots(walk, name.view() == "..", out)) {
        return;
      }
      continue;
    }
    const bool stop_at_link = last && !as_directory && follow == Follow::not_last;
    walk.name_begins = before;
    walk.uncached = walk.uncached || is_in_sys(walk.at.view()); // kernfs_dop_revalidate() under RCU: -ECHILD
    const auto found = find(walk);
    if (!found) {
      if (found.error() == Errno{ENOENT} && !is_in_sys(walk.at.view())) { // a node of /dev that was taken away
        refuse(out, ENOENT, last && !as_directory);
        out.path.assign(walk.at.view());
        return;
      }
      if (hidden_->is_one(walk.at.view())) {
        refuse(out, ENOENT);
        return;
      }
      if (misses(walk, last && !as_directory, out) || !step_real(walk, stop_at_link, out)) {
        return;
      }
      continue;
    }
    walk.unproven = false;
    walk.crossed = walk.crossed || !found->shared;
    if (has_crossed_a_mount(walk)) {
      refuse(out, EXDEV);
      return;
    }
    if (found->type == sysfs::NodeType::symlink && !stop_at_link) {
      if (jump(walk, *found)) {
        continue;
      }
      const auto text = tree_->readlink(*found);
      PathText& target = out.path; // a buffer nobody needs yet
      walk.at.set_size(before);
      if (const int code = link_refusal(walk, false, false); code != 0) {
        refuse(out, code);
        return;
      }
      if (!text || !target.assign(text->view()) || !splice(walk, target)) {
        refuse(out, text ? ELOOP : text.error().value);
        return;
      }
      continue;
    }
    if (found->type != sysfs::NodeType::directory && as_directory) {
      out.slashed = last;
      refuse(out, ENOTDIR);
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

// What is emulated at the component just stepped on: by the text of the way there, or because the directory it is in is
// the machine's /dev, wherever that is seen (a bind mount, another root).
Result<sysfs::Node> Resolver::find(const Walk& walk) const noexcept {
  const std::string_view at = walk.at.view();
  // Below /sys the directories that the real system has too are no links: the tree knows them, nobody needs to be
  // asked.
  const std::size_t slash = at.rfind('/');
  const std::string_view name = at.substr(slash + 1);
  const bool in_dev = at.starts_with("/dev/");
  if (walk.magic && in_dev) { // the target of a link to an open file, which may have no name any more
    if (auto node = node_without_name(name); node) {
      return node;
    }
  }
  if (text_holds() && (sysfs::Tree::may_claim(at) || is_in_sys(at) || (in_dev && names_node(name)))) {
    return tree_->lookup(at);
  }
  PathText parent;
  if (!names_node(name) || (in_dev && text_holds()) || !parent.assign(slash == 0 ? "/" : at.substr(0, slash))) {
    return fail(EREMOTE);
  }
  const auto about = sys::fstatat(AT_FDCWD, parent.c_str(), 0);
  if (!about || !descriptors_->is_dev_directory(*about)) {
    return fail(EREMOTE);
  }
  return parent.assign("/dev/") && parent.append(name) ? tree_->lookup(parent.view())
                                                       : Result<sysfs::Node>(fail(EREMOTE));
}

// "dax0.0 (deleted)", as the link to a file that is open on a node without a name shows it.
Result<sysfs::Node> Resolver::node_without_name(std::string_view name) const noexcept {
  if (!name.ends_with(kDeleted)) {
    return fail(ENOENT);
  }
  name.remove_suffix(kDeleted.size());
  const store::DeviceRecord* device = store_->device_named(name);
  return device != nullptr ? Result<sysfs::Node>(tree_->node_of(*device)) : fail(ENOENT);
}

// The walk ends on a directory named by ".", "..", a trailing slash or the start itself.
void Resolver::arrive(Walk& walk, bool trailing_slash, Resolution& out) const noexcept {
  const auto found = text_holds() ? tree_->lookup(walk.at.view()) : Result<sysfs::Node>(fail(ENOENT));
  if (!found || walk.at.view() == "/") {
    walk.rest.clear();
    hand_over(walk, out);
    return;
  }
  out.kind = Resolution::Kind::node;
  out.node = *found;
  out.path.assign(walk.at.view());
  if (trailing_slash && found->type != sysfs::NodeType::directory) {
    refuse(out, ENOTDIR);
  }
}

// `at` is no node. Is that the answer, because its parent is an emulated directory with no real counterpart?
bool Resolver::misses(const Walk& walk, bool last, Resolution& out) const noexcept {
  const std::string_view parent_path = walk.at.view().substr(0, walk.name_begins);
  if (!text_holds() || !sysfs::Tree::may_claim(parent_path)) {
    return false;
  }
  const auto parent = tree_->lookup(parent_path);
  if (!parent || parent->shared) {
    return false;
  }
  const bool in_directory = parent->type == sysfs::NodeType::directory;
  refuse(out, in_directory ? ENOENT : ENOTDIR, last && in_directory);
  out.path.assign(walk.at.view());
  return true;
}

// Steps onto a component the tree does not have. False: the walk is over, `out` says how.
bool Resolver::step_real(Walk& walk, bool stop_at_link, Resolution& out) const noexcept {
  if (stop_at_link) {
    // Shared directories are not claimed, yet they are nodes.
    const auto found = text_holds() ? tree_->lookup(walk.at.view()) : Result<sysfs::Node>(fail(ENOENT));
    if (found) {
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
      walk.unproven = true;
      if (has_crossed_a_mount(walk)) {
        refuse(out, EXDEV);
        return false;
      }
      return true; // a directory or a file
    }
    hand_over(walk, out); // absent or forbidden: the kernel finds the words
    return false;
  }
  target.set_size(*length);
  walk.unproven = false;
  walk.magic = false;
  const bool in_proc = walk.at.view().starts_with("/proc/");
  const bool translated = in_proc && translate_magic_link(AT_FDCWD, walk.at.c_str(), target);
  if (in_proc && !translated && !target.view().starts_with('/') && target.view().find(':') != std::string_view::npos) {
    hand_over(walk, out); // "pipe:[1]" and the like
    return false;
  }
  if (walk.rules != 0) {
    const bool absolute = target.view().starts_with('/');
    if (const int code = link_refusal(walk, in_proc && absolute, absolute); code != 0) {
      refuse(out, code);
      return false;
    }
    walk.uncached = walk.uncached || (in_proc && absolute); // proc_pid_get_link() under RCU
  }
  if (translated && walk.rest.empty() && target.view().starts_with("/dev/")) {
    if (const auto node = tree_->lookup(target.view()); node) { // wherever /dev is by now, or is not (a new root)
      out.kind = Resolution::Kind::node;
      out.node = *node;
      return false;
    }
  }
  walk.at.set_size(walk.name_begins);
  walk.magic = in_proc;
  if (!splice(walk, target)) {
    out.kind = Resolution::Kind::foreign; // ELOOP or ENAMETOOLONG, from the kernel
    return false;
  }
  return true;
}

} // namespace daxemu::preload
