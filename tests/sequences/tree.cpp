#include "tests/sequences/tree.hpp"

#include <algorithm>
#include <climits>
#include <cstdio>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/conformance/ask/touch.hpp"

namespace sequences::tree {

using conformance::last_error;

std::string put(const std::string& path, const std::string& value) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return "open " + last_error();
  }
  const ssize_t done = ::write(fd, value.data(), value.size());
  std::string text = done < 0                                         ? last_error()
                     : static_cast<std::size_t>(done) == value.size() ? "ok"
                                                                      : "ok=" + std::to_string(done);
  ::close(fd);
  return text;
}

std::string plain(const std::string& word) {
  std::string text = word.substr(1);
  for (std::size_t at = 0; (at = text.find("\\n", at)) != std::string::npos;) {
    text.replace(at, 2, "\n");
  }
  return text;
}

std::string rest(const Call& call, std::size_t first) {
  std::string text = call.word(first);
  for (std::size_t at = first + 1; at < call.words.size(); ++at) {
    text += ' ';
    text += call.words[at];
  }
  return text;
}

std::string text_in(const std::string& path) {
  return conformance::read_text(path).value_or(last_error());
}

std::vector<std::string> names_in(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> names;
  if (DIR* open = ::opendir(folder.c_str()); open != nullptr) {
    while (const dirent* one = ::readdir(open)) {
      if (std::string(one->d_name).rfind(prefix, 0) == 0) {
        names.push_back(one->d_name);
      }
    }
    ::closedir(open);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string last_part(const std::string& path) {
  char target[PATH_MAX] = {};
  if (::readlink(path.c_str(), target, sizeof target - 1) < 0) {
    return "-";
  }
  const std::string text = target;
  return text.substr(text.rfind('/') + 1);
}

std::string node(const Stage& stage, const std::string& path, const std::string& how) {
  if (how == "stat") {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
      return last_error();
    }
    char mode[16];
    std::snprintf(mode, sizeof mode, "%o", about.st_mode);
    return mode;
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return "open " + last_error();
  }
  std::string text = "ok";
  if (how == "map") {
    void* at = ::mmap(nullptr, stage.units.extent, PROT_READ, MAP_SHARED, fd, 0);
    text = at == MAP_FAILED ? last_error() : conformance::load(at).text();
    if (at != MAP_FAILED) {
      ::munmap(at, stage.units.extent);
    }
  }
  ::close(fd);
  return text;
}

} // namespace sequences::tree
