// notify_change() of fs/attr.c for an inode whose values are in the store: chmod(2), chown(2), utimensat(2).
#pragma once

#include <cstdint>
#include <optional>

#include <sys/stat.h>

#include "emu/base/result.hpp"
#include "emu/store/records/records.hpp"
#include "emu/sysfs/inodes/credentials.hpp"

namespace daxemu::sysfs {

// What is to change; what is not named stays.
struct InodeChange {
  std::optional<std::uint32_t> mode; // 07777
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  bool owner = false; // chown(2), be it of nothing
  std::optional<timespec> atime;
  std::optional<timespec> mtime;
  bool times = false; // utimensat(2), be it of nothing
  bool touch = false; // both are to be now, which whoever may write may say too
};

// Puts what was changed over what the inode began with.
void overlay(const store::InodeValues& values, struct stat& about);

// `about` is what stat(2) says now. `now` is the time of the change. Errors: EPERM, EACCES (touch).
Result<void> apply(const InodeChange& change, const struct stat& about, const Credentials& who, const timespec& now,
                   store::InodeValues& values);

// CLOCK_REALTIME.
[[nodiscard]] timespec current_time();

} // namespace daxemu::sysfs
