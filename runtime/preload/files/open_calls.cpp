#include "runtime/preload/files/open_calls.hpp"

#include <climits>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/enter_kernel.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/sysfs/inodes/dev_names.hpp"
#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/core_dump.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/names/plain_paths.hpp"
#include "runtime/preload/paths/direct_call.hpp"
#include "runtime/preload/paths/searching.hpp"
#include "runtime/preload/procfs/proc_files.hpp"

namespace daxemu::preload {
// With O_CREAT the kernel makes what a dangling link of ours names (/tmp/my-device -> /dev/dax0.0), or the last
// component in the working directory, instead of saying ENOENT: such a path is looked at first.
DAXEMU_START_PATH bool may_create_through_link(int dirfd, const char* path, int flags) {
  if ((flags & O_CREAT) == 0 || (flags & O_EXCL) != 0) {
    return false;
  }
  char text[8];
  return sys::readlinkat(dirfd, path, text, sizeof text).has_value();
}

namespace {

// The kernel knows no driver of the number that the file at `path` has: is it one of ours (mknod(2) outside of /dev)?
// Who may open it has been asked by then.
int open_by_number(int dirfd, const char* path, int flags) {
  Context* context = Context::get();
  const auto about = sys::fstatat(dirfd, path, (flags & O_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0);
  if (context == nullptr || !about || !S_ISCHR(about->st_mode)) {
    errno = ENXIO;
    return -1;
  }
  const auto node = sysfs::node_of_number(context->store(), about->st_rdev);
  return libc_value(node ? context->opener().open_number(*node, flags) : Result<int>(fail(ENXIO)), -1);
}

// build_open_flags(): these are EINVAL whatever the path is (O_CREAT with O_DIRECTORY since 6.1.28).
constexpr bool is_no_way_to_open(int flags) {
  const bool temporary = (flags & O_TMPFILE) == O_TMPFILE;
  const bool creates = (flags & O_CREAT) != 0;
  return (flags & O_PATH) == 0 &&
         ((creates && (flags & O_DIRECTORY) != 0) || (temporary && (creates || (flags & O_ACCMODE) == O_RDONLY)));
}

int open_on_path(int dirfd, const char* path, int flags, PathUse use, FunctionRef<int(const char*)> real,
                 const int* first = nullptr) {
  if (first == nullptr && is_no_way_to_open(flags)) {
    errno = EINVAL; // before anybody looks at the path
    return -1;
  }
  return on_path<int>(
      dirfd, path, use, -1,
      [&](const char* p) {
        const int opened = real(p);
        if (opened >= 0) {
          FdTable::forget(opened);
        }
        return opened < 0 && errno == ENXIO ? open_by_number(dirfd, p, flags) : opened;
      },
      [dirfd, flags = effective(flags)](const Resolution& found) -> Result<int> {
        if (found.kind == Resolution::Kind::refused) {
          if ((flags & O_CREAT) == 0) {
            return tl::unexpected(found.error);
          }
          return fail(found.slashed ? EISDIR : EACCES); // open_last_lookups(); lookup_open(): sysfs creates nothing
        }
        return open_node(*Context::get(), found, dirfd, flags);
      },
      first);
}

// What the kernel has opened for a path that is ours.
void close_again(long fd) {
  (void)sys::close(static_cast<int>(fd));
  FdTable::forget(static_cast<int>(fd));
}

} // namespace

Result<int> open_node(const Context& context, const Resolution& found, int dirfd, int flags) {
  return found.bound ? context.opener().open_bound(found.node, dirfd, found.path.c_str(), found.opens_devices, flags)
                     : context.opener().open(found.node, flags);
}

bool drops_locks(const char* path) {
  return is_text(path) && !ProcFiles::is_one(path);
}

DAXEMU_START_PATH bool refused_open_is_settled(int dirfd, const char* path, int flags) noexcept {
  return is_no_text(errno) ||
         (errno != ENXIO && is_settled(-1, dirfd, path, follow_of_open(flags)) && !ProcFiles::is_one(path));
}

DAXEMU_START_PATH long open_searched(int dirfd, const char* path, int flags) noexcept {
  constexpr int kKnown =
      O_CLOEXEC | O_DIRECTORY | O_LARGEFILE | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK; // openat2(2) knows no others
  if (!PlainCalls::may_be_unusual()) {
    PlainCalls::end_search();
    return kNotAsked;
  }
  if ((flags & ~kKnown) != 0) {
    return kNotAsked;
  }
  const open_how how = {static_cast<unsigned>(flags), 0, RESOLVE_NO_SYMLINKS};
  const long opened = sys::enter_kernel(SYS_openat2, dirfd, (long)path, (long)&how, sizeof how); // NOLINT: words
  if (opened >= 0) {
    Searching::found();
    return opened;
  }
  if (opened == -EINTR) {
    return opened; // a FIFO that was waited for: to ask again would be to wait again
  }
  if (opened != -ENOENT && opened != -ENOTDIR) {
    Searching::linked();
    return kNotAsked;
  }
  // A name that a node may have: /dev may have another name as well.
  if (!is_plainly_of_others(dirfd, path) || Context::made()->resolver().may_be_made(path)) {
    return kNotAsked;
  }
  Searching::missed();
  return opened;
}

int open_asked(int dirfd, const char* path, int flags, int fd, FunctionRef<int(const char*)> real) {
  if (fd < 0 && errno == ENXIO) {
    return open_by_number(dirfd, path, flags);
  }
  if (fd >= 0) {
    CoreDump::opened(path, flags, fd);
  }
  // A file that the machine's kernel does not have may be one all the same (/proc/modules of one without modules).
  Context* context = path == nullptr || (fd < 0 && errno != ENOENT) ? nullptr : Context::get();
  if (context != nullptr && ProcFiles::is_one(path)) {
    const int code = errno;
    const auto maps = ProcFiles({context->store(), context->tree(), context->mappings()}).open(path, flags);
    if (!maps || *maps < 0) {
      errno = code;
      return fd;
    }
    if (fd >= 0) {
      close_again(fd);
    }
    return new_number(*maps);
  }
  return open_on_path(dirfd, path, flags, {.follow = follow_of_open(flags), .inode = true, .take_back = close_again},
                      real, &fd);
}

int open_path(int dirfd, const char* path, int flags, FunctionRef<int(const char*)> real) {
  if (!is_asked_last(flags, path)) {
    const int fd = new_number(real(path));
    return open_is_settled(fd, dirfd, path, flags) ? fd : open_asked(dirfd, path, flags, fd, real);
  }
  const int fd = open_on_path(dirfd, path, flags,
                              {.follow = follow_of_open(flags),
                               .likely = may_hold_record_locks() || may_create_through_link(dirfd, path, flags),
                               .makes = (flags & O_CREAT) != 0,
                               .inode = true},
                              real);
  if (fd >= 0) {
    CoreDump::opened(path, flags, fd);
  }
  return fd;
}

bool open_expected(const char* path, int flags, int& fd) {
  Context* context = path == nullptr || !is_text(path) ? nullptr : Context::get();
  if (context == nullptr) {
    return false;
  }
  Resolution found;
  if (std::string_view(path).starts_with("/sys/") && !context->descriptors().bound().any() &&
      context->resolver().is_likely(AT_FDCWD, path)) {
    context->resolver().resolve(AT_FDCWD, path, follow_of_open(flags), found);
  }
  const bool is_node = found.kind == Resolution::Kind::node && !found.node.shared;
  if (!is_node && found.kind != Resolution::Kind::refused) {
    Expectation::missed();
    return false;
  }
  Expectation::met();
  fd = libc_value(
      is_node ? open_node(*context, found, AT_FDCWD, effective(flags)) : Result<int>(tl::unexpected(found.error)), -1);
  return true;
}

int open_how_path(int dirfd, const char* path, const open_how* how, std::size_t size) {
  const auto ask = [=](const char* p, const open_how* with) {
    const auto opened = sys::call(SYS_openat2, dirfd, reinterpret_cast<long>(p), reinterpret_cast<long>(with), size);
    return new_number(libc_value(opened, -1));
  };
  open_how wanted{};
  Context* context = !is_text(path) || *path == '\0' || size < sizeof *how ? nullptr : Context::get();
  // What is no way to open anything the kernel says before it looks at the path (build_open_flags()).
  if (context == nullptr || !copy_in(wanted, how) || (ask("", how) < 0 && errno != ENOENT)) {
    return ask(path, how);
  }
  const auto flags = static_cast<int>(wanted.flags);
  if (wanted.resolve == 0) {
    return open_path(dirfd, path, flags, [&](const char* p) { return ask(p, how); });
  }
  open_how plain = wanted; // the walk led through emulated directories, where `how` has been kept to already
  plain.resolve = 0;
  return open_on_path(
      dirfd, path, flags,
      {.follow = follow_of_open(flags), .makes = (flags & O_CREAT) != 0, .inode = true, .rules = wanted.resolve},
      [&](const char* p) { return ask(p, p == path ? how : &plain); });
}

} // namespace daxemu::preload
