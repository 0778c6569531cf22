#include "emu/sysfs/inodes/inode_changes.hpp"

#include <cerrno>
#include <ctime>

#include "emu/sysfs/inodes/extended_attributes.hpp"
#include "emu/sysfs/inodes/permission.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::size_t kAtime = 0;
constexpr std::size_t kMtime = 1;
constexpr std::size_t kCtime = 2;

void put_time(store::InodeValues& values, std::size_t which, const timespec& time) {
  values.seconds[which] = time.tv_sec;
  values.nanoseconds[which] = static_cast<std::uint32_t>(time.tv_nsec);
  values.changed |= store::kInodeAtime << which;
}

void overlay_time(const store::InodeValues& values, std::size_t which, timespec& time) {
  if ((values.changed & (store::kInodeAtime << which)) != 0) {
    time = {.tv_sec = values.seconds[which], .tv_nsec = static_cast<long>(values.nanoseconds[which])};
  }
}

void put_mode(store::InodeValues& values, std::uint32_t mode) {
  values.mode = mode;
  values.changed |= store::kInodeMode;
  set_acl_mode(values, mode);
}

// chown_ok(), chgrp_ok()
bool may_give(const InodeChange& change, const struct stat& about, const Credentials& who) {
  if (who.capable(kCapChown)) {
    return true;
  }
  const bool own = about.st_uid == who.uid;
  const bool uid_fine = !change.uid || (own && *change.uid == about.st_uid);
  const bool gid_fine = !change.gid || (own && (*change.gid == about.st_gid || who.is_in(*change.gid)));
  return uid_fine && gid_fine;
}

bool keeps_group_bit(gid_t group, const Credentials& who) {
  return who.is_in(group) || who.capable(kCapFsetid);
}

Result<void> apply_mode(std::uint32_t mode, const struct stat& about, const Credentials& who,
                        store::InodeValues& values) {
  if (!owns(about, who)) {
    return fail(EPERM);
  }
  put_mode(values, keeps_group_bit(about.st_gid, who) ? mode : mode & ~static_cast<std::uint32_t>(S_ISGID));
  return {};
}

// chown_common(): the bits that would lend the former owner's rights go (ATTR_KILL_SUID, setattr_should_drop_sgid()).
Result<void> apply_owner(const InodeChange& change, const struct stat& about, const Credentials& who,
                         store::InodeValues& values) {
  if (!may_give(change, about, who)) {
    return fail(EPERM);
  }
  if (!S_ISDIR(about.st_mode)) {
    std::uint32_t kept = about.st_mode & 07777U & ~static_cast<std::uint32_t>(S_ISUID);
    if ((kept & S_IXGRP) != 0 || !keeps_group_bit(about.st_gid, who)) {
      kept &= ~static_cast<std::uint32_t>(S_ISGID);
    }
    if (kept != (about.st_mode & 07777U)) {
      if (!owns(about, who)) {
        return fail(EPERM);
      }
      put_mode(values, kept);
    }
  }
  values.uid = change.uid.value_or(about.st_uid);
  values.gid = change.gid.value_or(about.st_gid);
  values.changed |= store::kInodeOwner;
  return {};
}

Result<void> apply_times(const InodeChange& change, const struct stat& about, const Credentials& who,
                         const timespec& now, store::InodeValues& values) {
  if (!owns(about, who)) {
    if (!change.touch) {
      return fail(EPERM);
    }
    const Acl acl = acl_of(values);
    if (!is_permitted(about, acl.view(), who, kMayWrite)) {
      return fail(EACCES);
    }
  }
  if (change.touch || change.atime) {
    put_time(values, kAtime, change.touch ? now : *change.atime);
  }
  if (change.touch || change.mtime) {
    put_time(values, kMtime, change.touch ? now : *change.mtime);
  }
  return {};
}

} // namespace

void overlay(const store::InodeValues& values, struct stat& about) {
  if ((values.changed & store::kInodeMode) != 0) {
    about.st_mode = (about.st_mode & S_IFMT) | (values.mode & 07777U);
  }
  if ((values.changed & store::kInodeOwner) != 0) {
    about.st_uid = values.uid;
    about.st_gid = values.gid;
  }
  overlay_time(values, kAtime, about.st_atim);
  overlay_time(values, kMtime, about.st_mtim);
  overlay_time(values, kCtime, about.st_ctim);
}

Result<void> apply(const InodeChange& change, const struct stat& about, const Credentials& who, const timespec& now,
                   store::InodeValues& values) {
  Result<void> done;
  if (change.mode) {
    done = apply_mode(*change.mode, about, who, values);
  }
  if (done && change.owner) {
    done = apply_owner(change, about, who, values);
  }
  if (done && change.times) {
    done = apply_times(change, about, who, now, values);
  }
  if (done) {
    put_time(values, kCtime, now);
  }
  return done;
}

timespec current_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

} // namespace daxemu::sysfs
