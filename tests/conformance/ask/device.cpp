#include "tests/conformance/ask/device.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace conformance {

std::optional<std::string> read_text(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return std::nullopt;
  }
  std::string text;
  char part[4096];
  ssize_t got = 0;
  while ((got = ::read(fd, part, sizeof part)) > 0) {
    text.append(part, static_cast<std::size_t>(got));
  }
  const int error = got < 0 ? errno : 0;
  ::close(fd);
  if (error != 0) {
    errno = error;
    return std::nullopt;
  }
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

std::optional<std::string> describe(Device& device) {
  struct stat st {};
  if (::stat(device.path.c_str(), &st) != 0) {
    return device.path + ": " + std::strerror(errno);
  }
  device.rdev = st.st_rdev;
  const auto slash = device.path.rfind('/');
  device.name = slash == std::string::npos ? device.path : device.path.substr(slash + 1);
  if (S_ISCHR(st.st_mode)) {
    const std::string link =
        "/sys/dev/char/" + std::to_string(major(st.st_rdev)) + ":" + std::to_string(minor(st.st_rdev));
    char resolved[PATH_MAX];
    if (::realpath(link.c_str(), resolved) == nullptr) {
      return link + ": " + std::strerror(errno);
    }
    device.sysfs = resolved;
    const std::string inside = device.sysfs + "/../dax_region";
    if (::realpath(inside.c_str(), resolved) != nullptr) {
      device.region = resolved;
    }
    if (const auto size = read_text(device.sysfs + "/size"); size && device.size == 0) {
      device.size = std::strtoull(size->c_str(), nullptr, 0);
    }
    if (const auto align = read_text(device.sysfs + "/align"); align && device.align == 0) {
      device.align = std::strtoull(align->c_str(), nullptr, 0);
    }
  }
  if (device.size == 0 || device.align == 0) {
    return device.path + ": no size and align in sysfs; give --size and --align";
  }
  return std::nullopt;
}

} // namespace conformance
