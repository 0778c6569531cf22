#include "runtime/preload/paths/path_calls.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/sys.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/nodes/permission.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

Result<ssize_t> copy_link(std::string_view text, char* into, std::size_t size) {
  const std::size_t length = std::min(text.size(), size);
  pretouch(static_cast<const void*>(into), length);
  return copy_out(into, text.data(), length) ? Result<ssize_t>(static_cast<ssize_t>(length)) : fail(EFAULT);
}

Result<int> grant_if_same(const sysfs::Node& node, const Wanted& wanted) {
  const auto about = Context::get()->tree().stat(node);
  if (!about) {
    return tl::unexpected(about.error());
  }
  const bool same = (wanted.mode == -1 || (wanted.mode & 07777) == (about->st_mode & 07777U)) &&
                    (wanted.uid == -1 || wanted.uid == about->st_uid) &&
                    (wanted.gid == -1 || wanted.gid == about->st_gid);
  return same ? Result<int>(0) : fail(EPERM);
}

bool is_in_sysfs(const sysfs::Node& node) {
  return node.path.view().starts_with("/sys");
}

// vfs_unlink() and friends: sysfs directories have none of these operations; nodes of devtmpfs are not taken away,
// the device keeps them.
Result<int> refuse_change(const Resolution& found, Change change) {
  if (found.kind == Resolution::Kind::refused) { // to be created in an emulated directory
    return fail(change != Change::make ? found.error.value : found.slashed ? EEXIST : EPERM);
  }
  const sysfs::Node& node = found.node;
  const bool is_directory = node.type == sysfs::NodeType::directory;
  switch (change) {
  case Change::make:
    return fail(EEXIST);
  case Change::remove:
    return fail(is_directory ? EISDIR : EPERM);
  case Change::remove_directory:
    return fail(is_directory ? EPERM : ENOTDIR);
  case Change::truncate:
    if (is_directory) {
      return fail(EISDIR);
    }
    if (node.type == sysfs::NodeType::attribute) {
      return 0; // kernfs_iop_setattr() takes any size
    }
    return fail(EINVAL);
  case Change::times:
    return 0; // times are not kept
  }
  return fail(EPERM);
}

} // namespace

ssize_t read_link(int dirfd, const char* path, char* into, std::size_t size, FunctionRef<ssize_t(const char*)> real) {
  Context* context = path == nullptr || !is_text(path) ? nullptr : Context::get();
  if (context == nullptr) {
    return real(path);
  }
  if (*path == '\0') { // the link that O_PATH|O_NOFOLLOW opened
    const auto node = described_node(*context, dirfd);
    const auto target = node ? context->tree().readlink(*node) : Result<sysfs::Path>(fail(EBADF));
    return target ? libc_value<ssize_t>(copy_link(target->view(), into, size), -1) : real(path);
  }
  const ssize_t length = on_path<ssize_t>(dirfd, path, {.follow = Follow::not_last, .readable = true}, -1, real,
                                          [=](const Resolution& found) -> Result<ssize_t> {
                                            if (found.kind == Resolution::Kind::refused) {
                                              return tl::unexpected(found.error);
                                            }
                                            const auto target = context->tree().readlink(found.node);
                                            if (!target) {
                                              return tl::unexpected(target.error());
                                            }
                                            return copy_link(target->view(), into, size);
                                          });
  // "/memfd:..." under any name of /proc/PID/fd/N.
  constexpr std::string_view kMemfd = "/memfd:";
  if (length < static_cast<ssize_t>(kMemfd.size()) ||
      std::string_view(into, static_cast<std::size_t>(length)).substr(0, kMemfd.size()) != kMemfd) {
    return length;
  }
  PathText shown;
  if (!context->resolver().shown_target(dirfd, path, shown)) {
    return length;
  }
  std::memset(into, 0, static_cast<std::size_t>(length)); // callers may count on bytes past the answer being theirs
  return libc_value<ssize_t>(copy_link(shown.view(), into, size), -1);
}

char* real_path(const char* path, char* resolved, FunctionRef<char*(const char*)> real) {
  return on_path<char*>(AT_FDCWD, path, {}, nullptr, real, [=](const Resolution& found) -> Result<char*> {
    if (found.kind == Resolution::Kind::refused) {
      return tl::unexpected(found.error);
    }
    char* into = resolved != nullptr ? resolved : static_cast<char*>(std::malloc(found.path.view().size() + 1));
    if (into == nullptr) {
      return fail(ENOMEM);
    }
    std::memcpy(into, found.path.c_str(), found.path.view().size() + 1);
    return into;
  });
}

char* working_directory(char* into, std::size_t size, FunctionRef<char*()> real) {
  Context* context = Context::get();
  const std::string_view here = context != nullptr ? context->directory().emulated() : std::string_view{};
  if (here.empty()) {
    return real();
  }
  if (into == nullptr) {
    const std::size_t room = size == 0 ? here.size() + 1 : size;
    if (room <= here.size()) {
      errno = ERANGE;
      return nullptr;
    }
    into = static_cast<char*>(std::malloc(room));
    if (into == nullptr) {
      return nullptr;
    }
  } else if (size == 0) {
    errno = EINVAL;
    return nullptr;
  } else if (size <= here.size()) {
    errno = ERANGE;
    return nullptr;
  }
  PathText whole;
  whole.assign(here);
  if (!copy_out(into, whole.c_str(), here.size() + 1)) {
    errno = EFAULT;
    return nullptr;
  }
  return into;
}

namespace {

// `system` and the like start children from `environ` itself, so it has to say where we are. Not from a
// vforked child's, which is its parent's.
void note_directory(const char* emulated) {
  if (!OwnProcess::calls()) {
    return;
  }
  if (emulated != nullptr) {
    ::setenv(kWorkingDirectoryVariable, emulated, 1);
  } else if (::getenv(kWorkingDirectoryVariable) != nullptr) {
    ::unsetenv(kWorkingDirectoryVariable);
  }
}

Result<int> enter(Context& context, const sysfs::Node& node) {
  if (node.type != sysfs::NodeType::directory) {
    return fail(ENOTDIR);
  }
  context.directory().enter_emulated(node.path.view());
  note_directory(node.path.c_str());
  return 0;
}

int entered_real(int status) {
  Context* context = status == 0 ? Context::get() : nullptr;
  if (context != nullptr) {
    context->directory().enter_real();
    note_directory(nullptr);
  }
  return status;
}

} // namespace

int change_directory(const char* path, FunctionRef<int(const char*)> real) {
  return on_path<int>(
      AT_FDCWD, path, {}, -1, [&real](const char* p) { return entered_real(real(p)); },
      [](const Resolution& found) -> Result<int> {
        if (found.kind == Resolution::Kind::refused) {
          return tl::unexpected(found.error);
        }
        return enter(*Context::get(), found.node);
      });
}

int change_directory_to(int fd, FunctionRef<int()> real) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  const auto node = context != nullptr ? described_node(*context, fd) : Result<sysfs::Node>(fail(EBADF));
  return node ? libc_value(enter(*context, *node), -1) : entered_real(real());
}

int change_root(const char* path, FunctionRef<int(const char*)> real) {
  return on_path<int>(
      AT_FDCWD, path, {}, -1,
      [&real](const char* p) {
        const int status = real(p);
        Context* context = status == 0 && OwnProcess::calls() ? Context::get() : nullptr;
        if (context != nullptr) {
          context->resolver().note_new_root();
        }
        return status;
      },
      [](const Resolution& found) -> Result<int> {
        if (found.kind == Resolution::Kind::refused) {
          return tl::unexpected(found.error);
        }
        return fail(found.node.type == sysfs::NodeType::directory ? EPERM : ENOTDIR);
      });
}

int change_path(int dirfd, const char* path, Follow follow, Change change, FunctionRef<int(const char*)> real) {
  return on_path<int>(dirfd, path, {.follow = follow, .makes = change == Change::make}, -1, real,
                      [change](const Resolution& found) { return refuse_change(found, change); });
}

int make_link(const char* target, int dirfd, const char* path, FunctionRef<int(const char*)> real) {
  return is_text(target) ? change_path(dirfd, path, Follow::not_last, Change::make, real) : real(path);
}

int change_times(int dirfd, const char* path, Follow follow, Times times, FunctionRef<int(const char*)> real) {
  return times.are_memory() ? change_path(dirfd, path, follow, Change::times, real) : real(path);
}

int change_times_of(int fd, Times times, FunctionRef<int()> real) {
  return times.are_memory() ? change_descriptor(fd, Change::times, real) : real();
}

int change_owner_or_mode(int dirfd, const char* path, Follow follow, const Wanted& wanted,
                         FunctionRef<int(const char*)> real) {
  return on_path<int>(dirfd, path, {.follow = follow}, -1, real, [&wanted](const Resolution& found) {
    return found.kind == Resolution::Kind::refused ? Result<int>(tl::unexpected(found.error))
                                                   : grant_if_same(found.node, wanted);
  });
}

int change_owner_or_mode_of(int fd, const Wanted& wanted, FunctionRef<int()> real) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  const auto node = context != nullptr ? described_node(*context, fd) : Result<sysfs::Node>(fail(EBADF));
  return node ? libc_value(grant_if_same(*node, wanted), -1) : real();
}

int change_two_paths(int old_dirfd, const char* old_path, int new_dirfd, const char* new_path,
                     FunctionRef<int(const char*, const char*)> real) {
  if (!is_text(old_path)) {
    return real(old_path, new_path);
  }
  // The first path decides whether the second is looked at: an unemulated source can still have an emulated target.
  return on_path<int>(
      old_dirfd, old_path, {.follow = Follow::not_last}, -1,
      [&](const char* from) {
        if (!is_text(new_path)) {
          return real(from, new_path); // EFAULT, if there is something at `from`
        }
        return on_path<int>(
            new_dirfd, new_path, {.follow = Follow::not_last, .makes = true}, -1,
            [&](const char* to) { return real(from, to); },
            [](const Resolution& found) -> Result<int> {
              return fail(found.kind == Resolution::Kind::node && is_in_sysfs(found.node) ? EXDEV : EPERM);
            });
      },
      [new_path](const Resolution& found) -> Result<int> {
        if (found.kind != Resolution::Kind::refused && !is_text(new_path)) {
          return fail(EFAULT);
        }
        return fail(found.kind == Resolution::Kind::refused ? found.error.value : EPERM);
      });
}

int change_descriptor(int fd, Change change, FunctionRef<int()> real) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  const auto node = context != nullptr ? described_node(*context, fd) : Result<sysfs::Node>(fail(EBADF));
  if (!node) {
    return real();
  }
  Resolution found;
  found.kind = Resolution::Kind::node;
  found.node = *node;
  return libc_value(refuse_change(found, change), -1);
}

} // namespace daxemu::preload
