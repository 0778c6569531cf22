#include "emu/sysfs/inodes/identity.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325ULL;
constexpr std::uint64_t kFnvPrime = 0x100000001b3ULL;
constexpr std::uint64_t kOurs = 1ULL << 62; // and bit 63 clear: ino_t may be read as signed

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  }
  return hash;
}
std::uint64_t finish(std::uint64_t hash) {
  return (hash & (kOurs - 1)) | kOurs;
}

} // namespace

std::uint64_t inode_of(std::string_view path) {
  return finish(mix(kFnvBasis, path));
}
std::uint64_t inode_of(std::string_view directory, std::string_view name) {
  const std::uint64_t hash = mix(kFnvBasis, directory == "/" ? "" : directory);
  return finish(mix(mix(hash, "/"), name));
}

} // namespace daxemu::sysfs
