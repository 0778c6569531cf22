#include "runtime/preload/paths/path_calls.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/store/mount_table.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

Result<ssize_t> copy_link(std::string_view text, char* into, std::size_t size) {
  const std::size_t length = std::min(text.size(), size);
  pretouch(static_cast<const void*>(into), length);
  return copy_out(into, text.data(), length) ? Result<ssize_t>(static_cast<ssize_t>(length)) : fail(EFAULT);
}

// A file that is open by what is mounted on a node has the cover's name for the kernel, and the node's for programs.
bool name_of_cover(const Context& context, std::string_view path, PathText& into) {
  bool found = false;
  if (!path.empty() && store::has_covers(context.store())) {
    store::each_cover(context.store(), nullptr, [&](const store::CoverRecord& cover) {
      const std::uint32_t number = cover.device.load(std::memory_order_acquire);
      found = cover.path.view() == path && number != 0 && number <= context.store().device_table().size() &&
              into.assign(context.tree().node_of(context.store().device_table()[number - 1]).path.view());
      return !found;
    });
  }
  return found;
}

} // namespace

ssize_t read_link(int dirfd, const char* path, char* into, std::size_t size, FunctionRef<ssize_t(const char*)> real) {
  Context* context = path == nullptr || !is_text(path) ? nullptr : Context::get();
  if (context == nullptr) {
    return real(path);
  }
  if (static_cast<int>(size) <= 0) {
    return real(path); // do_readlinkat() looks at nothing else then
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
  const std::string_view text(into, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  const bool is_memfd = text.starts_with(kMemfd);
  PathText shown;
  if (!is_memfd && !name_of_cover(*context, text, shown)) {
    return length;
  }
  if (is_memfd && !context->resolver().shown_target(dirfd, path, shown)) {
    return length;
  }
  std::memset(into, 0, static_cast<std::size_t>(length)); // callers may count on bytes past the answer being theirs
  return libc_value<ssize_t>(copy_link(shown.view(), into, size), -1);
}

namespace {

// realpath(3) of an absolute path has said ENOENT, and in `resolved`, as the C library does, what is not there. If that
// is the path itself as far as it goes, no link has led on from it: what is called so is a directory for each of its
// parents, and nothing for the whole.
DAXEMU_START_PATH bool is_missing_itself(std::string_view path, const char* resolved) {
  const std::string_view missing(resolved);
  return missing.size() > 1 && path.starts_with(missing) &&
         (path.size() == missing.size() || path[missing.size()] == '/');
}

} // namespace

char* real_path(const char* path, char* resolved, FunctionRef<char*(const char*)> real) {
  char* first = nullptr;
  // Compilers ask that of each header in each folder.
  const bool asked =
      path != nullptr && resolved != nullptr && *path == '/' && PlainCalls::paths_tell() && leads_elsewhere(path);
  if (asked) {
    first = real(path);
    if (first == nullptr && errno == ENOENT && is_missing_itself(path, resolved) &&
        !Context::made()->resolver().may_be_made(path)) {
      return nullptr;
    }
  }
  // The C library's own reads the text by itself: nothing but text may be given to it.
  return on_path<char*>(
      AT_FDCWD, path, {.readable = true}, nullptr, real,
      [=](const Resolution& found) -> Result<char*> {
        if (found.kind == Resolution::Kind::refused) {
          return tl::unexpected(found.error);
        }
        char* into = resolved != nullptr ? resolved : static_cast<char*>(std::malloc(found.path.view().size() + 1));
        if (into == nullptr) {
          return fail(ENOMEM);
        }
        std::memcpy(into, found.path.c_str(), found.path.view().size() + 1);
        return into;
      },
      asked ? &first : nullptr);
}

DAXEMU_START_PATH char* working_directory(char* into, std::size_t size, FunctionRef<char*()> real) {
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

DAXEMU_START_PATH int entered_real(int status) {
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
  const auto node = described_node(fd);
  return node ? libc_value(enter(*Context::get(), *node), -1) : entered_real(real());
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

} // namespace daxemu::preload
