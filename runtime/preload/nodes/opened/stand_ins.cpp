#include "runtime/preload/nodes/opened/stand_ins.hpp"

#include <cstdio>
#include <ctime>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/store/mount_table.hpp"

namespace daxemu::preload {
namespace {

long as_word(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

// A number of inodes that no file system happens to have.
std::uint32_t new_mark() {
  timespec now{};
  (void)sys::call(SYS_clock_gettime, CLOCK_MONOTONIC, as_word(&now));
  const auto seed =
      (static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec)) ^
      (static_cast<std::uint64_t>(sys::gettid()) << 40U);
  constexpr std::uint32_t kLeast = 1U << 24U;
  return kLeast + static_cast<std::uint32_t>((seed * 0x9e3779b97f4a7c15ULL) >> 35U); // below 2^30
}

struct Wanted {
  const char* name;
  const char* mark; // in digits
  int into;         // a number that the tree gets
};

// A file system with one page, which `filler` takes: whoever comes past us can write nothing into the other file.
Result<int> make_file_system(const char* mark) {
  const auto context = sys::call(SYS_fsopen, as_word("tmpfs"), FSOPEN_CLOEXEC);
  if (!context) {
    return tl::unexpected(context.error());
  }
  const UniqueFd closer(static_cast<int>(*context));
  const auto set = [&](const char* key, const char* value) {
    return sys::call(SYS_fsconfig, *context, FSCONFIG_SET_STRING, as_word(key), as_word(value), 0);
  };
  // The source is what /proc/self/mountinfo shows, with the file's name behind it.
  Result<long> done = set("source", "devtmpfs");
  done = done ? set("mode", "755") : done;
  done = done ? set("size", "4096") : done;
  done = done ? set("nr_inodes", mark) : done;
  done = done ? sys::call(SYS_fsconfig, *context, FSCONFIG_CMD_CREATE, 0, 0, 0) : done;
  done = done ? sys::call(SYS_fsmount, *context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID) : done;
  return done ? Result<int>(static_cast<int>(*done)) : tl::unexpected(done.error());
}

Result<void> make_file(int directory, const char* name, mode_t mode, bool fills) {
  const auto file = sys::openat(directory, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
  if (!file) {
    return tl::unexpected(file.error());
  }
  const UniqueFd closer(*file);
  (void)sys::call(SYS_fchmod, *file, mode); // whatever the umask
  if (fills) {
    const char byte = 0;
    (void)sys::pwrite(*file, &byte, 1, 0);
  }
  return {};
}

// In a mount namespace of its own, where the new file system has a place for a moment: only of a mount that is in his
// namespace may a process make another (check_mnt() in __do_loopback()).
Result<void> make_tree(const Wanted& wanted) {
  Result<long> done = sys::call(SYS_unshare, CLONE_NEWNS);
  const char* place = nullptr;
  for (const char* one : {"/", "/proc", "/sys", "/dev"}) { // the first is no mount in a chroot
    // What is mounted there is to be nobody else's.
    if (done && place == nullptr && sys::call(SYS_mount, 0, as_word(one), 0, MS_PRIVATE, 0)) {
      place = one;
    }
  }
  if (place == nullptr) {
    return done ? fail(EINVAL) : tl::unexpected(done.error());
  }
  const auto system = make_file_system(wanted.mark);
  if (!system) {
    return tl::unexpected(system.error());
  }
  const UniqueFd root(*system);
  done = sys::call(SYS_move_mount, *system, as_word(""), AT_FDCWD, as_word(place), MOVE_MOUNT_F_EMPTY_PATH);
  Result<void> made = done ? make_file(*system, "filler", 0, true) : tl::unexpected(done.error());
  made = made ? make_file(*system, wanted.name, 0666, false) : made;
  if (!made) {
    return made;
  }
  const auto tree = sys::call(SYS_open_tree, *system, as_word(wanted.name), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (!tree) {
    return tl::unexpected(tree.error());
  }
  const UniqueFd closer(static_cast<int>(*tree));
  done = sys::call(SYS_dup3, *tree, wanted.into, O_CLOEXEC);
  return done ? Result<void>() : tl::unexpected(done.error());
}

// Another process, for another thread could leave its namespace behind but not come back; of the same descriptors, one
// of which is to be the tree. It sends no SIGCHLD, and only who asks for such children waits for it.
Result<void> make_tree_aside(const Wanted& wanted) {
  const auto child = sys::call(SYS_clone, CLONE_FILES);
  if (!child) {
    return tl::unexpected(child.error());
  }
  if (*child == 0) {
    const auto made = make_tree(wanted);
    (void)sys::call(SYS_exit_group, made ? 0 : made.error().value);
  }
  int status = 0;
  Result<long> ended = fail(EINTR);
  while (!ended && ended.error() == Errno{EINTR}) {
    ended = sys::call(SYS_wait4, *child, as_word(&status), __WALL, 0);
  }
  if (!ended) {
    return tl::unexpected(ended.error());
  }
  if (!WIFEXITED(status)) {
    return fail(EAGAIN);
  }
  return WEXITSTATUS(status) == 0 ? Result<void>() : fail(WEXITSTATUS(status));
}

} // namespace

Result<UniqueFd> make_stand_in(const store::Store& store, store::DeviceRecord& device) {
  const auto place = sys::open("/", O_PATH | O_CLOEXEC);
  if (!place) {
    return tl::unexpected(place.error());
  }
  UniqueFd tree(*place);
  const std::uint32_t mark = new_mark();
  char digits[16];
  std::snprintf(digits, sizeof digits, "%u", mark);
  const auto name = store.name_of(device);
  if (const auto made = make_tree_aside({.name = name.c_str(), .mark = digits, .into = tree.get()}); !made) {
    return tl::unexpected(made.error());
  }
  const auto about = sys::fstat(tree.get());
  if (!about) {
    return tl::unexpected(about.error());
  }
  store::note_bind(store, {.device = &device, .mark = mark}, about->st_dev, about->st_ino);
  return tree;
}

} // namespace daxemu::preload
