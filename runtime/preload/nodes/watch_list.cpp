#include "runtime/preload/nodes/watch_list.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kInotify = "anon_inode:inotify";

// The hexadecimal number behind `label`.
template <class Number>
bool take_hex(std::string_view line, std::string_view label, Number& into) {
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) {
    return false;
  }
  const char* const begin = line.data() + at + label.size();
  return std::from_chars(begin, line.data() + line.size(), into, 16).ec == std::errc();
}

std::optional<Watch> watch_of(std::string_view line) {
  Watch watch;
  std::uint32_t device = 0;
  if (!line.starts_with("inotify ") || !take_hex(line, " wd:", watch.wd) || !take_hex(line, " ino:", watch.inode) ||
      !take_hex(line, " sdev:", device) || !take_hex(line, " mask:", watch.mask)) {
    return std::nullopt;
  }
  constexpr unsigned kMinorBits = 20; // MINORBITS of include/linux/kdev_t.h
  watch.device = ::makedev(device >> kMinorBits, device & ((1U << kMinorBits) - 1));
  return watch;
}

} // namespace

bool is_inotify(int fd) noexcept {
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  std::array<char, kInotify.size() + 1> text{};
  const auto length = sys::readlinkat(AT_FDCWD, link, text.data(), text.size());
  return length && std::string_view(text.data(), *length) == kInotify;
}

void each_watch(int fd, FunctionRef<bool(const Watch&)> each) noexcept {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  const auto raw = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return;
  }
  const UniqueFd info(*raw);
  std::array<char, 4096> text; // a line has some 300 characters at most (a file handle in hexadecimal)
  std::size_t kept = 0;        // of a line whose end is still to come
  for (;;) {
    const auto got = sys::call(SYS_read, info.get(), reinterpret_cast<long>(text.data() + kept),
                               static_cast<long>(text.size() - kept));
    if (!got || *got == 0) {
      return;
    }
    std::string_view rest(text.data(), kept + static_cast<std::size_t>(*got));
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
      if (const auto watch = watch_of(rest.substr(0, end)); watch && !each(*watch)) {
        return;
      }
    }
    kept = rest.size() < text.size() ? rest.size() : 0;
    std::memmove(text.data(), rest.data(), kept);
  }
}

} // namespace daxemu::preload
