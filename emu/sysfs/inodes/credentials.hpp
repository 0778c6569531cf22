// Who asks: what of struct cred a permission is decided by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <sys/types.h>

namespace daxemu::sysfs {

struct Credentials {
  uid_t uid = 0; // fsuid
  gid_t gid = 0; // fsgid
  std::span<const gid_t> groups;
  std::uint64_t capabilities = 0; // effective, by their numbers

  // in_group_p()
  [[nodiscard]] bool is_in(gid_t group) const {
    return group == gid || std::find(groups.begin(), groups.end(), group) != groups.end();
  }
  [[nodiscard]] bool capable(int capability) const { return (capabilities >> capability & 1U) != 0; }
};

// By their numbers (linux/capability.h).
inline constexpr int kCapChown = 0;
inline constexpr int kCapDacOverride = 1;
inline constexpr int kCapDacReadSearch = 2;
inline constexpr int kCapFowner = 3;
inline constexpr int kCapFsetid = 4;
inline constexpr int kCapSysAdmin = 21;
inline constexpr int kCapMknod = 27;
inline constexpr int kCapSetfcap = 31;

} // namespace daxemu::sysfs
