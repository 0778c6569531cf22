#include "emu/backing/own_tmpfs.hpp"

namespace daxemu::backing {
namespace {

// Newer than the C library's headers, as the names of what is asked of them.
constexpr long kFsopen = 430;
constexpr long kFsconfig = 431;
constexpr long kFsmount = 432;
constexpr long kFsCloexec = 1; // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
constexpr long kSetString = 1;
constexpr long kCreate = 6;

long word_of(const char* text) {
  return reinterpret_cast<long>(text);
}

} // namespace

Result<UniqueFd> own_tmpfs(std::span<const std::pair<const char*, const char*>> options) {
  const auto context = sys::call(kFsopen, word_of("tmpfs"), kFsCloexec);
  if (!context) {
    return tl::unexpected(context.error());
  }
  const UniqueFd fs(static_cast<int>(*context));
  for (const auto& [name, value] : options) {
    if (auto set = sys::call(kFsconfig, fs.get(), kSetString, word_of(name), word_of(value), 0); !set) {
      return tl::unexpected(set.error());
    }
  }
  if (auto created = sys::call(kFsconfig, fs.get(), kCreate, 0, 0, 0); !created) {
    return tl::unexpected(created.error());
  }
  const auto mount = sys::call(kFsmount, fs.get(), kFsCloexec, 0);
  return mount ? Result<UniqueFd>(UniqueFd(static_cast<int>(*mount))) : tl::unexpected(mount.error());
}

} // namespace daxemu::backing
