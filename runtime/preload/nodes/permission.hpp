// generic_permission() of fs/namei.c for an emulated inode and this process.
#pragma once

#include <sys/stat.h>

namespace daxemu::preload {

inline constexpr unsigned kMayRead = 4;
inline constexpr unsigned kMayWrite = 2;
inline constexpr unsigned kMayExecute = 1;

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};
// The effective or the real one (access(2) asks for the real one).
[[nodiscard]] Identity effective_identity() noexcept;
[[nodiscard]] Identity real_identity() noexcept;

// Root may do all but execute what nobody may. Supplementary groups count.
[[nodiscard]] bool is_permitted(const struct stat& inode, const Identity& who, unsigned wanted) noexcept;

// Whoever it is, be it root: no need to ask.
[[nodiscard]] bool anyone_may(const struct stat& inode, unsigned wanted) noexcept;

} // namespace daxemu::preload
