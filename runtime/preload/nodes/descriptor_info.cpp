#include "runtime/preload/nodes/descriptor_info.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <linux/memfd.h>

#include "emu/base/sys.hpp"
#include "emu/base/unique_fd.hpp"
#include "runtime/preload/ground/path_text.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kInfo = "/fdinfo/";

// The device that the descriptor is of, or nullptr: /proc/PID/fdinfo/N tells of /proc/PID/fd/N.
const store::DeviceRecord* device_of_info(std::string_view path, const store::Store& store) {
  const std::size_t at = path.rfind(kInfo);
  PathText link;
  if (!link.assign(path.substr(0, at)) || !link.append("/fd/") || !link.append(path.substr(at + kInfo.size()))) {
    return nullptr;
  }
  const auto about = sys::fstatat(AT_FDCWD, link.c_str(), 0);
  return about ? store.device_of_node(about->st_dev, about->st_ino) : nullptr;
}

// What a line says of a device's descriptor; empty: what it says of any.
std::string_view info_line(std::string_view line, std::uint64_t inode, std::array<char, 64>& into) {
  int length = 0;
  if (line.starts_with("pos:")) {
    length = std::snprintf(into.data(), into.size(), "pos:\t0\n");
  } else if (line.starts_with("ino:")) {
    length = std::snprintf(into.data(), into.size(), "ino:\t%" PRIu64 "\n", inode);
  }
  return {into.data(), static_cast<std::size_t>(length)};
}

} // namespace

bool is_descriptor_info(const char* path) noexcept {
  constexpr std::string_view kProc = "/proc/";
  return std::strncmp(path, kProc.data(), kProc.size()) == 0 && std::strstr(path, kInfo.data()) != nullptr;
}

Result<int> open_descriptor_info(const char* path, int flags, const store::Store& store,
                                 const sysfs::Tree& tree) noexcept {
  const store::DeviceRecord* device =
      (flags & (O_ACCMODE | O_PATH | O_DIRECTORY)) == O_RDONLY ? device_of_info(path, store) : nullptr;
  if (device == nullptr) {
    return -1;
  }
  PathText name;
  const auto node = name.assign("/dev/") && name.append(store.name_of(*device).view())
                        ? tree.lookup(name.view())
                        : Result<sysfs::Node>(fail(ENOENT));
  const auto about = node ? tree.stat(*node) : Result<struct stat>(tl::unexpected(node.error()));
  const auto raw = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!raw || !about) {
    return raw ? -1 : Result<int>(tl::unexpected(raw.error()));
  }
  const UniqueFd source(*raw);
  std::array<char, 4096> text{}; // a page: seq_file's locks may be more, and are cut off
  const auto length = sys::pread(source.get(), text.data(), text.size(), 0);
  const auto made = sys::memfd_create("fdinfo", (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);
  if (!length || !made) {
    return tl::unexpected(length ? made.error() : length.error());
  }
  UniqueFd copy(*made);
  std::uint64_t at = 0;
  std::array<char, 64> line{};
  for (std::string_view rest(text.data(), *length); !rest.empty();) {
    const std::string_view real = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(real.size());
    const std::string_view other = info_line(real, about->st_ino, line);
    const std::string_view shown = other.empty() ? real : other;
    if (auto written = sys::pwrite(copy.get(), shown.data(), shown.size(), at); !written) {
      return tl::unexpected(written.error());
    }
    at += shown.size();
  }
  return copy.release();
}

} // namespace daxemu::preload
