#include "runtime/preload/directories/directory_calls.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/directories/directories.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {
namespace {

// A stream over what was opened at a path, closing it if that fails.
Result<DIR*> stream_over(const Context& context, Result<int> fd) {
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  auto stream = Directories::adopt(context, *fd);
  if (!stream || *stream == nullptr) {
    (void)sys::close(*fd);
    FdTable::forget(*fd);
  }
  return stream;
}

// A stream over an emulated directory.
Result<DIR*> listing_of(const Context& context, const sysfs::Node& node) {
  if (const auto may = context.opener().check(node, kListingFlags); !may) {
    return tl::unexpected(may.error());
  }
  auto made = Directory::open(context, node);
  return made ? Result<DIR*>(Directories::add(std::move(*made))) : tl::unexpected(made.error());
}

// A stream of ours for the path, or nullptr without an error.
Result<DIR*> open_ours(int dirfd, const char* path) {
  Context& context = *Context::get();
  Resolution found;
  context.resolver().resolve(dirfd, path, Follow::always, found);
  if (found.kind == Resolution::Kind::refused) {
    return tl::unexpected(found.error);
  }
  if (found.kind != Resolution::Kind::node) {
    return nullptr;
  }
  if (found.node.shared) {
    if (auto real = sys::open(found.path.c_str(), kListingFlags); real || real.error().value != ENOENT) {
      FdTable::forget(real.value_or(-1));
      return stream_over(context, real);
    }
  }
  return listing_of(context, found.node);
}

// The real stream, or one of ours in its place if its directory has emulated entries too.
DIR* replaced(const Context& context, DIR* stream, const RealDirectory& real) {
  if (stream == nullptr) {
    return nullptr;
  }
  const int fd = real.fd(stream);
  FdTable::forget(fd);
  if (context.descriptors().classify(fd) != FdClass::directory || !Directories::concern(context, fd)) {
    return stream;
  }
  // Ours is to have the number that the real one has: programs see it, in /proc/self/fd for one.
  auto copy = sys::dup_above(fd, 0);
  if (!copy) {
    return stream;
  }
  real.close(stream);
  auto moved = sys::dup_above(*copy, fd);
  (void)sys::close(*copy);
  if (!moved) {
    errno = moved.error().value;
    return nullptr;
  }
  FdTable::forget(*moved);
  auto ours = stream_over(context, moved);
  if (!ours) {
    errno = ours.error().value;
    return nullptr;
  }
  return *ours;
}

// What the kernel has for a path that is ours.
void close_again(long stream) {
  (void)::closedir(reinterpret_cast<DIR*>(stream)); // NOLINT(performance-no-int-to-ptr)
}

} // namespace

DIR* open_directory(const char* path, const RealDirectory& real) {
  Context* context = path == nullptr ? nullptr : Context::get();
  const bool asked_first = !Expectation::ours(); // then the kernel says whether there is text
  if (context == nullptr || (!asked_first && (!is_text(path) || *path == '\0'))) {
    return real.open(path);
  }
  return on_path<DIR*>(
      AT_FDCWD, path, {.reads = asked_first, .readable = !asked_first, .take_back = close_again}, nullptr,
      [&](const char* p) { return replaced(*context, real.open(p), real); },
      [&](const Resolution& found) -> Result<DIR*> {
        if (found.kind == Resolution::Kind::refused) {
          return tl::unexpected(found.error);
        }
        return listing_of(*context, found.node);
      });
}

DIR* open_directory_over(int fd, const RealDirectory& real) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  if (context != nullptr) {
    auto ours = Directories::adopt(*context, fd);
    if (!ours) {
      errno = ours.error().value;
      return nullptr;
    }
    if (*ours != nullptr) {
      // The library's closes are the program's wish from here on: as fdopendir, across exec too.
      (void)sys::call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
      return *ours;
    }
  }
  return real.over(fd);
}

bool scan_directory(int dirfd, const char* path, struct dirent*** into, Filter filter, Compare compare, int& count) {
  if (path == nullptr || !is_text(path) || *path == '\0' || Context::get() == nullptr) {
    return false;
  }
  auto stream = open_ours(dirfd, path);
  if (!stream) {
    errno = stream.error().value;
    count = -1;
    return true;
  }
  if (*stream == nullptr) {
    return false;
  }
  const std::unique_ptr<Directory> directory = Directories::remove(*stream);
  struct dirent** list = nullptr;
  std::size_t used = 0;
  std::size_t room = 0;
  bool failed = false;
  while (const struct dirent* entry = directory->read()) {
    if (filter != nullptr && filter(entry) == 0) {
      continue;
    }
    if (used == room) {
      room = room == 0 ? 16 : room * 2;
      auto** larger = static_cast<struct dirent**>(std::realloc(list, room * sizeof(struct dirent*)));
      if (larger == nullptr) {
        failed = true;
        break;
      }
      list = larger;
    }
    list[used] = static_cast<struct dirent*>(std::malloc(sizeof **list));
    if (list[used] == nullptr) {
      failed = true;
      break;
    }
    std::memcpy(list[used++], entry, sizeof *entry);
  }
  if (failed) {
    while (used > 0) {
      std::free(list[--used]);
    }
    std::free(list);
    errno = ENOMEM;
    count = -1;
    return true;
  }
  if (list == nullptr) {
    list = static_cast<struct dirent**>(
        std::malloc(sizeof(struct dirent*))); // callers free it even when nothing was found
  }
  if (compare != nullptr && used > 1) {
    std::qsort(list, used, sizeof(struct dirent*), reinterpret_cast<int (*)(const void*, const void*)>(compare));
  }
  *into = list;
  count = static_cast<int>(used);
  return true;
}

bool read_entries(int fd, void* buffer, std::size_t size, ssize_t& length) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  if (context == nullptr || context->descriptors().classify(fd) != FdClass::directory) {
    return false;
  }
  // A real one that has emulated entries too is listed through a description of its own: the place of this one counts
  // entries of both.
  const bool real = !Descriptors::is_vnode(fd);
  if (real && !context->descriptors().node(fd)) {
    return false;
  }
  const auto node = context->descriptors().node(fd);
  auto copy = node ? (real ? sys::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : sys::dup_above(fd, 0))
                   : Result<int>(tl::unexpected(node.error()));
  auto directory = copy ? Directory::over(*context, *node, UniqueFd(*copy))
                        : Result<std::unique_ptr<Directory>>(tl::unexpected(copy.error()));
  if (!directory) {
    errno = directory.error().value == ENODEV ? ENOENT : directory.error().value;
    length = -1;
    return true;
  }
  const long start = sys::call(SYS_lseek, fd, 0, SEEK_CUR).value_or(0);
  (*directory)->seek(start);
  std::size_t used = 0;
  std::size_t checked = 0; // bytes of the buffer that can be written
  bool bad = false;
  pretouch(static_cast<const void*>(buffer), size);
  long next = start;
  while (const struct dirent* entry = (*directory)->read()) {
    constexpr std::size_t kHeader = offsetof(struct dirent, d_name);
    const std::size_t record = (kHeader + std::strlen(entry->d_name) + 1 + 7) & ~std::size_t{7};
    if (used + record > size) {
      break;
    }
    while (!bad && checked < used + record) { // a page is writable as a whole
      auto* const at = static_cast<char*>(buffer) + checked;
      bad = !is_writable(at, 1);
      checked += kPageSize - (reinterpret_cast<std::uintptr_t>(at) & (kPageSize - 1));
    }
    if (bad) {
      break;
    }
    auto* out = reinterpret_cast<struct dirent*>(static_cast<char*>(buffer) + used);
    std::memcpy(out, entry, kHeader + std::strlen(entry->d_name) + 1);
    out->d_reclen = static_cast<unsigned short>(record);
    used += record;
    next = (*directory)->tell();
  }
  if (used == 0 && (bad || (*directory)->tell() > next)) {
    errno = bad ? EFAULT : EINVAL; // EINVAL: no room for a single entry
    length = -1;
    return true;
  }
  (void)sys::call(SYS_lseek, fd, next, SEEK_SET);
  length = static_cast<ssize_t>(used);
  return true;
}

bool read_entries_from(int fd, void* buffer, std::size_t size, off_t* base, ssize_t& length) {
  const auto begin = FdTable::is_foreign(fd) ? Result<long>(fail(EBADF)) : sys::call(SYS_lseek, fd, 0, SEEK_CUR);
  if (!begin || !read_entries(fd, buffer, size, length)) {
    return false;
  }
  if (length >= 0) {
    *base = *begin;
  }
  return true;
}

} // namespace daxemu::preload
