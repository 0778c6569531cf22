// The order in which sysfs lists a directory: by a hash of the names (kernfs_name_hash and kernfs_sd_compare in
// fs/kernfs/dir.c). Tools show it: daxctl lists, enables and destroys "all" devices as readdir gives them, and its exit
// status is that of the last.
#pragma once

#include <cstdint>
#include <string_view>

namespace daxemu::sysfs {

// The place of `name` among the entries of its directory, 2 to 2^31 - 2; of equal ones the lesser text comes first.
[[nodiscard]] constexpr std::uint32_t kernfs_place(std::string_view name) {
  std::uint64_t hash = 0; // init_name_hash(NULL): these directories have no namespace
  for (const char letter : name) {
    const auto code = static_cast<std::uint64_t>(static_cast<unsigned char>(letter));
    hash = (hash + (code << 4U) + (code >> 4U)) * 11; // partial_name_hash()
  }
  constexpr std::uint64_t kGoldenRatio = 0x61C8864680B583EBULL;
  const auto folded = static_cast<std::uint32_t>((hash * kGoldenRatio) >> 32U) & 0x7fffffffU; // end_name_hash()
  if (folded < 2) {
    return folded + 2;
  }
  return folded == 0x7fffffffU ? folded - 1 : folded;
}

// A name with its place, which is worth keeping where names are sorted.
struct KernfsName {
  constexpr explicit KernfsName(std::string_view text) : name(text), place(kernfs_place(text)) {}
  friend constexpr bool operator<(const KernfsName& one, const KernfsName& other) {
    return one.place != other.place ? one.place < other.place : one.name < other.name;
  }

  std::string_view name;
  std::uint32_t place;
};

} // namespace daxemu::sysfs
