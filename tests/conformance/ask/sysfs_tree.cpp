#include "tests/conformance/ask/sysfs_tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace conformance {
namespace {

std::string number_text(const std::string& text, const Device& d) {
  char* end = nullptr;
  const bool hexadecimal = text.rfind("0x", 0) == 0;
  const std::uint64_t value = std::strtoull(text.c_str(), &end, 0);
  if (text.empty() || *end != '\0' || text[0] == '-') {
    return text;
  }
  if (hexadecimal) {
    // A physical address: all that is the same everywhere is how it is aligned.
    return value % d.align == 0 ? "0x... aligned" : ((value + 1) % d.align == 0 ? "0x...fff" : "0x... misaligned");
  }
  if (value == d.size) {
    return "{size}";
  }
  return value == d.align ? "{align}" : text;
}

} // namespace

std::string directory(Place place, const Device& d) {
  switch (place) {
  case Place::device:
    return d.sysfs;
  case Place::region:
    return d.region.empty() ? d.sysfs + "/../dax_region" : d.region;
  case Place::mapping:
    return d.sysfs + "/mapping0";
  case Place::bus:
    return kBus;
  case Place::driver:
    return kDriver;
  case Place::memory_driver:
    return std::string(kBus) + "/drivers/kmem";
  }
  return {};
}

const char* place_name(Place place) {
  switch (place) {
  case Place::device:
    return "device";
  case Place::region:
    return "region";
  case Place::mapping:
    return "mapping0";
  case Place::bus:
    return "bus";
  case Place::driver:
    return "driver";
  case Place::memory_driver:
    return "kmem-driver";
  }
  return "";
}

std::string mode_text(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) {
    return last_error();
  }
  char text[64];
  std::snprintf(text, sizeof text, "mode=%06o size=%s", st.st_mode,
                S_ISREG(st.st_mode) ? std::to_string(st.st_size).c_str() : "-");
  return text;
}

std::string value_text(const std::string& path, const Device& d) {
  const auto text = read_text(path);
  if (!text) {
    return last_error();
  }
  const std::string device_number = std::to_string(major(d.rdev)) + ":" + std::to_string(minor(d.rdev));
  if (*text == device_number) {
    return "{major}:{minor}";
  }
  std::string joined;
  std::istringstream lines(*text);
  for (std::string one; std::getline(lines, one);) {
    if (one == "MAJOR=" + std::to_string(major(d.rdev))) {
      one = "MAJOR={major}";
    } else if (one == "MINOR=" + std::to_string(minor(d.rdev))) {
      one = "MINOR={minor}";
    } else {
      one = number_text(one, d);
    }
    joined += (joined.empty() ? "" : " / ") + one;
  }
  return joined.empty() ? "(empty)" : joined;
}

std::string write_text(const std::string& path, const std::string& value) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return "open " + last_error();
  }
  const ssize_t put = ::write(fd, value.data(), value.size());
  const std::string said_of_it =
      put < 0 ? last_error() : (put == static_cast<ssize_t>(value.size()) ? "ok" : "ok=" + std::to_string(put));
  ::close(fd);
  return said_of_it;
}

std::string listing(const std::string& path) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) {
    return last_error();
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") {
      continue;
    }
    if (name == "target_node") {
      continue; // only a device with a node has it
    }
    names.push_back(name + (entry->d_type == DT_LNK ? "@" : (entry->d_type == DT_DIR ? "/" : "")));
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : " ") + name;
  }
  return text.empty() ? "(empty)" : text;
}

bool bound(const Device& d) {
  struct stat st {};
  return ::stat((d.sysfs + "/driver").c_str(), &st) == 0;
}

std::string unbind(const Device& d) {
  return write_text(std::string(kDriver) + "/unbind", d.name);
}

std::string bind(const Device& d) {
  return write_text(std::string(kDriver) + "/bind", d.name);
}

} // namespace conformance
