#include "runtime/preload/nodes/covers.hpp"

#include <cstdio>
#include <ctime>

#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::preload {
namespace {

enum class Look { none, bare, covered };

// Is something mounted on the cover, as it is seen from here? The file itself is known by its inode.
Look look_at(const store::CoverRecord& cover) {
  const auto about = sys::fstatat(AT_FDCWD, cover.path.c_str(), AT_SYMLINK_NOFOLLOW);
  if (!about) {
    return Look::none;
  }
  if (about->st_dev == cover.st_dev && about->st_ino == cover.st_ino) {
    return Look::bare;
  }
  struct statx more {};
  const auto asked = sys::call(SYS_statx, AT_FDCWD, reinterpret_cast<long>(cover.path.c_str()), AT_SYMLINK_NOFOLLOW, 0,
                               reinterpret_cast<long>(&more));
  return asked && (more.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 ? Look::covered : Look::none;
}

Result<CoverPath> make_cover(const store::Store& store, const store::DeviceRecord& device) {
  timespec now{};
  (void)sys::call(SYS_clock_gettime, CLOCK_MONOTONIC, reinterpret_cast<long>(&now));
  Errno refusal{ENOENT};
  for (const char* folder : store::kCoverFolders) {
    char text[sizeof(CoverPath)];
    std::snprintf(text, sizeof text, "%s/%s%d-%llx-%s", folder, store::kCoverPrefix, sys::getpid(),
                  static_cast<unsigned long long>(now.tv_sec) * 1'000'000'000ULL +
                      static_cast<unsigned long long>(now.tv_nsec),
                  store.name_of(device).c_str());
    const auto made = sys::open(text, O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (!made) {
      refusal = made.error();
      continue;
    }
    const UniqueFd closer(*made);
    const auto about = sys::fstat(*made);
    if (!about || !store::note_cover(store, device, text, *about)) {
      (void)sys::call(SYS_unlink, reinterpret_cast<long>(text));
      return fail(about ? ENAMETOOLONG : about.error().value);
    }
    return CoverPath(text);
  }
  return tl::unexpected(refusal);
}

} // namespace

std::optional<CoverPath> cover_of(const store::Store& store, const store::DeviceRecord& device) noexcept {
  std::optional<CoverPath> found;
  if (store::has_covers(store)) {
    store::each_cover(store, &device, [&](const store::CoverRecord& cover) {
      if (look_at(cover) == Look::covered) {
        found = cover.path;
      }
      return !found;
    });
  }
  return found;
}

Result<CoverPath> cover_for(const store::Store& store, const store::DeviceRecord& device) {
  std::optional<CoverPath> found;
  store::each_cover(store, &device, [&](const store::CoverRecord& cover) {
    if (look_at(cover) != Look::none) {
      found = cover.path;
    }
    return !found;
  });
  return found ? Result<CoverPath>(*found) : make_cover(store, device);
}

} // namespace daxemu::preload
