#include "runtime/supervise/spaces/target.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/text/stat_word.hpp"
#include "emu/base/units.hpp"

namespace daxemu::supervise {
namespace {

// A file of /proc, past what is interposed.
std::string contents(const std::string& path) {
  std::string text;
  const auto raw = sys::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const UniqueFd fd(raw.value_or(-1));
  for (std::array<char, 8192> part; fd;) {
    const auto length = sys::call(SYS_read, fd.get(), reinterpret_cast<long>(part.data()), part.size());
    if (!length || *length == 0) {
      break;
    }
    text.append(part.data(), static_cast<std::size_t>(*length));
  }
  return text;
}

std::uint64_t number_in(std::string_view text) {
  const std::size_t begin = text.find_first_of("0123456789");
  std::uint64_t value = 0;
  if (begin != std::string_view::npos) {
    (void)std::from_chars(text.data() + begin, text.data() + text.size(), value);
  }
  return value;
}

} // namespace

pid_t Target::process() const {
  if (process_ == 0) {
    // Only a process has a descriptor: what is another thread says EINVAL (ENOENT since 6.9).
    if (const auto leader = sys::call(SYS_pidfd_open, thread_, 0); leader) {
      (void)sys::close(static_cast<int>(*leader));
      process_ = thread_;
    } else {
      const std::string status = contents(fmt::format("/proc/{}/status", thread_));
      const std::size_t at = status.find("\nTgid:");
      process_ = at == std::string::npos ? thread_ : static_cast<pid_t>(number_in(std::string_view(status).substr(at)));
    }
  }
  return process_;
}

Result<void> Target::read(void* into, std::uint64_t address, std::size_t size) const {
  return read_some(into, address, size) == size ? Result<void>() : fail(EFAULT);
}

std::size_t Target::read_some(void* into, std::uint64_t address, std::size_t size) const {
  if (size == 0) {
    return 0;
  }
  iovec local{into, size};
  iovec remote{reinterpret_cast<void*>(address), size};
  const auto got = sys::call(SYS_process_vm_readv, thread_, reinterpret_cast<long>(&local), 1,
                             reinterpret_cast<long>(&remote), 1, 0);
  return got ? static_cast<std::size_t>(*got) : 0;
}

Result<void> Target::write(std::uint64_t address, const void* from, std::size_t size) const {
  if (size == 0) {
    return {};
  }
  iovec local{const_cast<void*>(from), size};
  iovec remote{reinterpret_cast<void*>(address), size};
  const auto put = sys::call(SYS_process_vm_writev, thread_, reinterpret_cast<long>(&local), 1,
                             reinterpret_cast<long>(&remote), 1, 0);
  return put && static_cast<std::size_t>(*put) == size ? Result<void>() : fail(EFAULT);
}

Result<void> Target::write(std::span<const iovec> from, std::span<const iovec> places) const {
  std::size_t size = 0;
  for (const iovec& piece : from) {
    size += piece.iov_len;
  }
  const auto put =
      sys::call(SYS_process_vm_writev, thread_, reinterpret_cast<long>(from.data()), static_cast<long>(from.size()),
                reinterpret_cast<long>(places.data()), static_cast<long>(places.size()), 0);
  return put && static_cast<std::size_t>(*put) == size ? Result<void>() : fail(EFAULT);
}

Result<std::string> Target::text(std::uint64_t address) const {
  // Most paths are short; what lies behind them may be no memory.
  std::array<char, PATH_MAX> buffer;
  std::size_t used = 0;
  while (used < buffer.size()) {
    const std::uint64_t at = address + used;
    const std::size_t in_page = kPageSize - at % kPageSize;
    const std::size_t wanted = std::min({buffer.size() - used, in_page, used == 0 ? std::size_t{256} : kPageSize});
    const std::size_t got = read_some(buffer.data() + used, at, wanted);
    if (got == 0) {
      return fail(EFAULT);
    }
    if (const void* end = std::memchr(buffer.data() + used, '\0', got); end != nullptr) {
      return std::string(buffer.data());
    }
    used += got;
  }
  return fail(ENAMETOOLONG);
}

Result<std::string> Target::link(const std::string& name) const {
  std::array<char, PATH_MAX> text{};
  const auto raw = sys::readlinkat(AT_FDCWD, name.c_str(), text.data(), text.size());
  if (!raw) {
    return fail(raw.error() == Errno{ENOENT} ? EBADF : raw.error().value);
  }
  std::string_view shown(text.data(), *raw);
  if (shown.starts_with("/memfd:")) { // the interposed call knows our files
    const auto length = ::readlink(name.c_str(), text.data(), text.size());
    shown = {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
  }
  if (!shown.starts_with('/') || shown.ends_with(" (deleted)")) {
    return fail(ENOENT);
  }
  return std::string(shown);
}

Result<std::string> Target::directory() const {
  return link(fmt::format("/proc/{}/cwd", thread_));
}

Result<std::string> Target::name_of(int fd) const {
  return link(fmt::format("/proc/{}/fd/{}", thread_, fd));
}

bool Target::shares_root() const {
  const auto theirs = sys::fstatat(AT_FDCWD, fmt::format("/proc/{}/root", thread_).c_str(), 0);
  const auto ours = sys::fstatat(AT_FDCWD, "/", 0);
  return theirs && ours && theirs->st_dev == ours->st_dev && theirs->st_ino == ours->st_ino;
}

std::string Target::proc_file(const char* name) const {
  return contents(fmt::format("/proc/{}/{}", thread_, name));
}

Result<UniqueFd> Target::descriptor(int fd) const {
  const auto pidfd = sys::call(SYS_pidfd_open, process(), 0);
  if (!pidfd) {
    return tl::unexpected(pidfd.error());
  }
  const UniqueFd process(static_cast<int>(*pidfd));
  const long got = ::syscall(SYS_pidfd_getfd, process.get(), fd, 0); // the interposed one forgets what had the number
  return got < 0 ? Result<UniqueFd>(fail(errno)) : UniqueFd(static_cast<int>(got));
}

std::uint64_t Target::most_descriptors() const {
  struct rlimit limit {};
  const auto asked = sys::call(SYS_prlimit64, process(), RLIMIT_NOFILE, 0, reinterpret_cast<long>(&limit));
  return asked ? limit.rlim_cur : UINT64_MAX;
}

bool Target::has_number(int fd) const {
  return sys::fstatat(AT_FDCWD, fmt::format("/proc/{}/fd/{}", thread_, fd).c_str(), AT_SYMLINK_NOFOLLOW).has_value();
}

int Target::free_number(int first) const {
  constexpr int kNear = 64; // then it has very many: any other does
  const int near = first + kNear;
  while (has_number(first)) {
    first += first < near ? 1 : first / 8;
  }
  return first;
}

pid_t Target::parent_of(pid_t process, std::uint64_t* started, bool* is_dead) {
  const std::string stat = contents(fmt::format("/proc/{}/stat", process));
  const std::string_view state = stat_word(stat, 3);
  if (state.empty()) {
    return 0;
  }
  if (is_dead != nullptr) {
    *is_dead = state == "Z" || state == "X";
  }
  if (started != nullptr) {
    *started = number_in(stat_word(stat, 22));
  }
  return static_cast<pid_t>(number_in(stat_word(stat, 4)));
}

} // namespace daxemu::supervise
