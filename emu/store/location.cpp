#include "emu/store/location.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::store {
namespace {

constexpr std::size_t kLongestName = 32;

// Decimal digits of `number`, without stdio: this runs in the preload library's start.
class Digits {
public:
  explicit Digits(std::uint64_t number) {
    std::size_t at = bytes_.size();
    do {
      bytes_[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    first_ = at;
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data() + first_, bytes_.size() - first_}; }

private:
  std::array<char, 20> bytes_{};
  std::size_t first_ = 0;
};

// Not by the C library, which would be a page more for every program.
DAXEMU_START_PATH uid_t effective_user() {
  return static_cast<uid_t>(sys::call(SYS_geteuid).value_or(0));
}

DAXEMU_START_PATH Result<Location> joined(std::initializer_list<std::string_view> parts) {
  std::array<char, 512> text{};
  std::size_t length = 0;
  for (const std::string_view part : parts) {
    if (length + part.size() > text.size()) {
      return fail(ENAMETOOLONG);
    }
    std::copy(part.begin(), part.end(), text.data() + length);
    length += part.size();
  }
  Location location;
  if (!location.assign({text.data(), length})) {
    return fail(ENAMETOOLONG);
  }
  return location;
}

} // namespace

DAXEMU_START_PATH bool is_platform_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= kLongestName && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), is_plain);
}

DAXEMU_START_PATH Result<Location> platforms_directory() {
  const char* home = std::getenv("DAXEMU_HOME");
  if (home != nullptr && *home != '\0') {
    return joined({home});
  }
  return joined({"/dev/shm/daxemu-", Digits(effective_user()).view()});
}

DAXEMU_START_PATH Result<Location> store_location(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    return joined({text});
  }
  if (!is_platform_name(text)) {
    return fail(EINVAL);
  }
  const auto directory = platforms_directory();
  if (!directory) {
    return tl::unexpected(directory.error());
  }
  return joined({directory->view(), "/", text, "/store"});
}

DAXEMU_START_PATH Result<void> check_private(const char* directory) {
  const auto st = sys::fstatat(AT_FDCWD, directory, AT_SYMLINK_NOFOLLOW);
  if (!st) {
    return tl::unexpected(st.error());
  }
  if (S_ISLNK(st->st_mode)) {
    return fail(ELOOP);
  }
  if (!S_ISDIR(st->st_mode)) {
    return fail(ENOTDIR);
  }
  if (st->st_uid != effective_user() || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(EACCES);
  }
  return {};
}

DAXEMU_START_PATH Result<void> check_location(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    return {};
  }
  const auto directory = platforms_directory();
  return directory ? check_private(directory->c_str()) : tl::unexpected(directory.error());
}

Result<void> make_private(const char* directory) {
  if (auto made = sys::call(SYS_mkdirat, AT_FDCWD, reinterpret_cast<long>(directory), 0700);
      !made && made.error() != Errno{EEXIST}) {
    return tl::unexpected(made.error());
  }
  return check_private(directory);
}

} // namespace daxemu::store
