#include "runtime/cli/stage/preload_path.hpp"

#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include <unistd.h>

#include "daxemu_build.hpp"
#include "runtime/cli/text/joined.hpp"

namespace daxemu::cli {
namespace fs = std::filesystem;

namespace {

// The loader takes what is none for a mistake that it says and forgets: the command would run without a device.
bool is_library(const fs::path& path) {
  std::error_code error;
  std::array<char, 4> begin{};
  return fs::is_regular_file(path, error) && std::ifstream(path, std::ios::binary).read(begin.data(), begin.size()) &&
         std::string_view(begin.data(), begin.size()) == "\177ELF";
}

} // namespace

Outcome<std::string> find_preload_library() {
  if (const char* given = std::getenv("DAXEMU_PRELOAD"); given != nullptr && *given != '\0') {
    std::error_code error;
    const fs::path absolute = fs::absolute(given, error);
    if (!fs::exists(absolute, error)) {
      return refuse(ENOENT, std::string("DAXEMU_PRELOAD=") + given + " does not exist",
                    "unset it, or point it at libdaxemu-preload.so");
    }
    if (!is_library(absolute)) {
      return refuse(ENOEXEC, std::string("DAXEMU_PRELOAD=") + given + " is not a shared library",
                    "unset it, or point it at libdaxemu-preload.so");
    }
    return absolute.string();
  }
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  const std::array candidates = {here / ".." / "lib" / "libdaxemu-preload.so",
                                 here / ".." / kInstallLibDir / "libdaxemu-preload.so"};
  std::set<std::string> tried; // both may be the same place
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate, error)) {
      return fs::canonical(candidate, error).string();
    }
    tried.insert(candidate.lexically_normal().string());
  }
  return refuse(ENOENT, "libdaxemu-preload.so is not at " + joined(tried, " or "),
                "build or install it, or set DAXEMU_PRELOAD");
}

std::string preload_value(const std::string& library, const char* present) {
  std::string value = kSanitizerRuntime;
  value += (value.empty() ? "" : ":") + library;
  std::istringstream others(present != nullptr ? present : "");
  for (std::string item; std::getline(others, item, ':');) {
    if (!item.empty() && item != library && item != kSanitizerRuntime) {
      value += ":" + item;
    }
  }
  return value;
}

} // namespace daxemu::cli
