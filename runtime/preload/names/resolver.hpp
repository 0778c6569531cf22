// From what a program passes to a path call to what it means: nothing of ours, or an emulated node. Paths that cannot
// lead to an emulated node are told by their first bytes; the others are walked component by component through
// emulated and real symlinks, as path_openat() in fs/namei.c would.
#pragma once

#include "emu/sysfs/tree/tree.hpp"
#include "runtime/preload/ground/path_text.hpp"
#include "runtime/preload/ground/plain_calls.hpp"
#include "runtime/preload/names/hidden_devices.hpp"
#include "runtime/preload/names/path_bytes.hpp"
#include "runtime/preload/names/working_directory.hpp"
#include "runtime/preload/nodes/descriptors.hpp"
#include <atomic>
#include <fcntl.h>

namespace daxemu::preload {

enum class Follow { always, not_last }; // not_last: O_NOFOLLOW, AT_SYMLINK_NOFOLLOW, lstat, readlink

struct Resolution {
  enum class Kind {
    foreign,   // the kernel's to answer, for the arguments as they were given
    elsewhere, // the kernel's to answer, but for `path`: the way there led through emulated directories
    node,      // `node`; if it is a shared directory the kernel is asked first
    refused,   // `error`
  };
  Kind kind = Kind::foreign;
  Errno error{};
  bool creatable = false;    // refused with ENOENT, and only the last component is missing, in an emulated directory
  bool slashed = false;      // refused with ENOTDIR, and only for the slash behind a node
  bool bound = false;        // a node that was bound to `path` (see BoundNodes): what the kernel finds there is a file
  bool opens_devices = true; // of `bound`: by its mount
  sysfs::Node node;
  PathText path;
};

class Resolver {
public:
  Resolver(const store::Store& store, const sysfs::Tree& tree, const Descriptors& descriptors,
           WorkingDirectory& directory, const HiddenDevices& hidden)
      : store_(&store), tree_(&tree), descriptors_(&descriptors), directory_(&directory), hidden_(&hidden) {}

  // Is it worth resolving the path before the kernel is asked? No system call for absolute paths. What reads bytes
  // beside the text is asked where it may be: a checker of races would see another thread write there.
  [[nodiscard, gnu::always_inline]] inline bool is_likely(int dirfd, const char* path) const noexcept {
    if (*path == '/') {
      return !(PlainCalls::paths_tell() && leads_elsewhere(path)) && absolute_is_likely(path);
    }
    if (dirfd != AT_FDCWD) {
      return !FdTable::is_foreign(dirfd) && descriptors_->classify(dirfd) == FdClass::directory;
    }
    return (!PlainCalls::paths_tell() || !directory_->is_plainly_far() || may_go_up(path)) && relative_is_likely(path);
  }
  // The kernel said ENOENT or ENOTDIR: can a symlink or directory of ours be the reason? One system
  // call as a rule.
  [[nodiscard]] bool is_worth_a_walk(int dirfd, const char* path, Follow follow) const noexcept;

  // Could what a call makes at `path` stand in the place of a node: is its last component called like one? Then the
  // path is resolved before the kernel is asked, which would make a file of the machine's /dev. No system call.
  [[nodiscard]] bool may_be_made(const char* path) const noexcept;

  // Would the kernel find one of the machine's own devices there? No system call where it has none.
  [[nodiscard]] bool leads_to_hidden(int dirfd, const char* path, Follow follow) const noexcept {
    return hidden_->any() && kernel_finds_hidden(dirfd, path, follow);
  }

  // Does the kernel find a file there that stands for a node? No system call until one was bound.
  [[nodiscard]] bool leads_to_bound(int dirfd, const char* path, Follow follow) const noexcept {
    const BoundNodes& bound = descriptors_->bound();
    return bound.any() && bound.at(dirfd, path, follow == Follow::always);
  }
  // resolve() has said `found` of a path: what counts for a call that is about more than names is what is mounted
  // there.
  void see_mounts(int dirfd, const char* path, Follow follow, Resolution& found) const noexcept;

  // Walks `path` from `dirfd` (or AT_FDCWD). `path` is not empty. `rules`: RESOLVE_* of openat2(2).
  void resolve(int dirfd, const char* path, Follow follow, Resolution& out, std::uint64_t rules = 0) const noexcept;

  // The process has another root directory (chroot succeeded): paths that begin with /dev and /sys may lead elsewhere.
  void note_new_root() const noexcept;

  // What readlink(2) of a link to an open file (/proc/PID/fd/N) is to show, if that file is ours: the node's path.
  bool shown_target(int dirfd, const char* path, PathText& into) const noexcept;

private:
  struct Walk;
  // Apart, because paths are large and the stack may be a signal handler's.
  [[nodiscard]] [[gnu::noinline]] bool misses_in_known(std::string_view path) const noexcept;
  [[gnu::noinline]] void note_above(std::string_view missing) const noexcept;
  [[gnu::noinline]] void note_asked(std::string_view parent, std::string_view missing) const noexcept;
  [[nodiscard]] bool kernel_finds_hidden(int dirfd, const char* path, Follow follow) const noexcept;
  [[nodiscard]] bool text_holds() const noexcept { return text_holds_.load(std::memory_order_acquire); }
  [[nodiscard]] bool absolute_is_likely(const char* path) const noexcept;
  [[nodiscard]] bool relative_is_likely(const char* path) const noexcept;
  [[nodiscard]] static bool leads_on(int dirfd, std::string_view path) noexcept;
  [[nodiscard]] bool names_node(std::string_view name) const noexcept;
  [[nodiscard]] bool is_in_dev(int dirfd, const char* path) const noexcept;
  bool start(Walk& walk, int dirfd, std::string_view text, Resolution& out) const noexcept;
  void walk(Walk& walk, Follow follow, Resolution& out) const noexcept;
  [[nodiscard]] Result<sysfs::Node> find(const Walk& walk) const noexcept;
  [[nodiscard]] Result<sysfs::Node> node_without_name(std::string_view name) const noexcept;
  bool step_dots(Walk& walk, bool up, Resolution& out) const noexcept;
  [[nodiscard]] std::uint64_t file_system_at(const PathText& at) const noexcept;
  [[nodiscard]] bool has_crossed_a_mount(const Walk& walk) const noexcept;
  static int link_refusal(const Walk& walk, bool magic, bool absolute) noexcept;
  void arrive(Walk& walk, bool trailing_slash, Resolution& out) const noexcept;
  bool misses(const Walk& walk, bool last, Resolution& out) const noexcept;
  bool step_real(Walk& walk, bool stop_at_link, Resolution& out) const noexcept;
  // Apart, because paths are large and the stack may be a signal handler's.
  [[gnu::noinline]] bool run(std::string_view text, Follow follow, Resolution& out) const noexcept;
  [[gnu::noinline]] void resolve_by_steps(int dirfd, std::string_view text, Follow follow, Resolution& out,
                                          std::uint64_t rules) const noexcept;
  bool jump(Walk& walk, const sysfs::Node& link) const noexcept;
  static bool splice(Walk& walk, PathText& target) noexcept;
  static void hand_over(const Walk& walk, Resolution& out) noexcept;
  // What the magic link /proc/PID/fd/N (its text in `target`) stands for, if it is ours.
  [[nodiscard]] bool translate_magic_link(int dirfd, const char* link, PathText& target) const noexcept;

  const store::Store* store_;
  const sysfs::Tree* tree_;
  const Descriptors* descriptors_;
  WorkingDirectory* directory_;
  const HiddenDevices* hidden_;
  mutable std::atomic<bool> text_holds_{true}; // /dev and /sys are what they were when this process began
};

} // namespace daxemu::preload
