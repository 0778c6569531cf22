#include "emu/sysfs/inodes/identity.hpp"

#include "emu/base/text/text_hash.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint64_t kOurs = 1ULL << 62; // and bit 63 clear: ino_t may be read as signed

std::uint64_t finish(std::uint64_t hash) {
  return (hash & (kOurs - 1)) | kOurs;
}

} // namespace

std::uint64_t inode_of(std::string_view path) {
  return finish(text_hash(path));
}
std::uint64_t inode_of(std::string_view directory, std::string_view name) {
  const std::uint64_t hash = text_hash(directory == "/" ? "" : directory);
  return finish(text_hash(name, text_hash("/", hash)));
}

} // namespace daxemu::sysfs
