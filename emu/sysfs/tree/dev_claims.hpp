// What the emulated entries of /dev begin with, for who has a name's first two letters and wants no table.
#pragma once

namespace daxemu::sysfs {

// cxl, dax, ndctl, nmem, pmem; claims.cpp checks that these are all.
[[nodiscard, gnu::always_inline]] constexpr inline bool begins_as_node(char first, char second) noexcept {
  switch (first) {
  case 'c':
    return second == 'x';
  case 'd':
    return second == 'a';
  case 'n':
    return second == 'd' || second == 'm';
  case 'p':
    return second == 'm';
  default:
    return false;
  }
}

} // namespace daxemu::sysfs
