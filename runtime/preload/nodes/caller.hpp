// Who calls: this process's (thread's) credentials, for what an emulated inode permits (emu/sysfs/inodes).
#pragma once

#include <array>

#include <sys/types.h>

#include "emu/sysfs/inodes/credentials.hpp"

namespace daxemu::preload {

class Caller {
public:
  enum class As {
    effective,
    real, // as access(2) asks: the real user, with what root's would be permitted (access_override_creds())
  };

  // Four system calls.
  explicit Caller(As as = As::effective) noexcept;
  [[nodiscard]] const sysfs::Credentials& credentials() const noexcept { return who_; }

  // By whose ID files are opened: one system call.
  [[nodiscard]] static uid_t file_system_uid() noexcept;
  // One system call each.
  [[nodiscard]] static uid_t effective_uid() noexcept;
  [[nodiscard]] static gid_t effective_gid() noexcept;

private:
  std::array<gid_t, 256> groups_;
  sysfs::Credentials who_;
};

} // namespace daxemu::preload
