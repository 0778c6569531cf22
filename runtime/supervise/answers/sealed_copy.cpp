#include "runtime/supervise/answers/sealed_copy.hpp"

#include <array>
#include <climits>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/memfd.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/nodes/descriptors.hpp"

namespace daxemu::supervise {
namespace {

std::string link_of(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

// By what it is known for (VnodeFiles::bare).
std::string name_of(int fd) {
  constexpr std::string_view kBefore = "/memfd:";
  constexpr std::string_view kBehind = " (deleted)";
  std::array<char, PATH_MAX> text{};
  const auto length = sys::readlinkat(AT_FDCWD, link_of(fd).c_str(), text.data(), text.size());
  std::string_view name(text.data(), length.value_or(0));
  if (!name.starts_with(kBefore) || !name.ends_with(kBehind)) {
    return {};
  }
  name.remove_prefix(kBefore.size());
  name.remove_suffix(kBehind.size());
  return std::string(name);
}

} // namespace

Result<UniqueFd> sealed_copy(int fd) {
  constexpr int kKept = O_ACCMODE | O_NONBLOCK;
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  if (!flags || (*flags & O_PATH) != 0 || (*flags & O_ACCMODE) == O_RDONLY || !preload::Descriptors::is_vnode(fd)) {
    return UniqueFd();
  }
  const std::string name = name_of(fd);
  const auto made = sys::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (!made) {
    return tl::unexpected(made.error());
  }
  const UniqueFd file(*made);
  std::array<char, kPageSize> text;
  if (const auto length = sys::pread(fd, text.data(), text.size(), 0); length) { // else it is not to be read
    (void)sys::pwrite(file.get(), text.data(), *length, 0);
  }
  (void)sys::call(SYS_fcntl, file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  const auto opened = sys::open(link_of(file.get()).c_str(), static_cast<int>(*flags & kKept) | O_CLOEXEC);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if (const auto place = sys::call(SYS_lseek, fd, 0, SEEK_CUR); place) {
    (void)sys::call(SYS_lseek, *opened, *place, SEEK_SET);
  }
  return UniqueFd(*opened);
}

} // namespace daxemu::supervise
