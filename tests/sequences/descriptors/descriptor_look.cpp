// What /proc and fstat(2) say of descriptors. Nothing in it is of the host: no numbers of inodes, processes, mounts.
#include "tests/sequences/descriptors/descriptors.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"

namespace sequences::descriptors {
namespace {

// O_NOFOLLOW stays visible in the kernel. The emulator's descriptor is reopened by a link that is to be followed, and
// nothing that dup, exec and SCM_RIGHTS keep could tell it.
constexpr unsigned long kNofollow = O_NOFOLLOW;

// "lock:\t1: FLOCK  ADVISORY  WRITE 123 00:06:5 0 EOF" without order, process and inode.
std::string lock_of(const char* line) {
  char kind[16] = {};
  char way[16] = {};
  char right[16] = {};
  char from[24] = {};
  char to[24] = {};
  if (std::sscanf(line, "lock:\t%*d: %15s %15s %15s %*d %*s %23s %23s", kind, way, right, from, to) != 5) {
    return "lock?";
  }
  return std::string("lock=") + kind + "/" + right + "/" + from + "-" + to;
}

// Position, flags and locks; locks sorted as the kernel has them.
std::string info_of(int fd) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(fd);
  FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) {
    return "no-info";
  }
  std::string text;
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    line[std::strcspn(line, "\n")] = '\0';
    if (std::strncmp(line, "pos:\t", 5) == 0) {
      text += std::string("pos=") + (line + 5);
    } else if (std::strncmp(line, "flags:\t", 7) == 0) {
      char flags[32];
      std::snprintf(flags, sizeof flags, "%lo", std::strtoul(line + 7, nullptr, 8) & ~kNofollow);
      text += std::string(" flags=0") + flags;
    } else if (std::strncmp(line, "lock:", 5) == 0) {
      text += " " + lock_of(line);
    }
  }
  std::fclose(file);
  return text;
}

std::string link_of(int fd, const Stage& stage) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  char target[256] = {};
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target - 1);
  if (length < 0) {
    return conformance::last_error();
  }
  return stage.device->path == target                ? "dev"
         : std::strncmp(target, "/dev/shm/", 9) == 0 ? "file"
         : target[1] == 'p'                          ? "proc"
                                                     : target;
}

} // namespace

std::string look(const Stage& stage, int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    return "-";
  }
  const bool device = S_ISCHR(about.st_mode) && about.st_rdev == stage.device->rdev;
  char mode[32];
  std::snprintf(mode, sizeof mode, "%o/%ld", about.st_mode, device ? static_cast<long>(about.st_size) : 0L);
  return link_of(fd, stage) + " " + mode + (device ? "" : " other") + " " + info_of(fd) +
         " fd=" + std::to_string(::fcntl(fd, F_GETFD)) +
         " fl=" + std::to_string(::fcntl(fd, F_GETFL) & ~static_cast<int>(kNofollow));
}

std::string look(const Stage& stage) {
  std::string text;
  for (std::size_t at = 0; at < kSlots; ++at) {
    if (stage.slots[at] >= 0) {
      text += (text.empty() ? "s" : "; s") + std::to_string(at) + " " + look(stage, stage.slots[at]);
    }
  }
  return text.empty() ? "none" : text;
}

} // namespace sequences::descriptors
