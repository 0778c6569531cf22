#include "runtime/supervise/answers/local_call.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/trace/acting_for.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::supervise {
namespace {

constexpr std::size_t kMostBytes = 8U << 20U; // of one read or write: fewer than asked for is an answer
constexpr std::size_t kMostPieces = 1024;     // UIO_MAXIOV

} // namespace

std::byte* LocalCall::room(std::size_t size) {
  rooms_.push_back(std::make_unique<std::byte[]>(std::max<std::size_t>(size, 8)));
  return rooms_.back().get();
}

std::byte* LocalCall::room_like(std::uint64_t address, std::size_t size) {
  std::byte* const begin = room(size + 2 * kPageSize);
  const auto number = reinterpret_cast<std::uint64_t>(begin);
  return begin + (align_up(number, kPageSize) - number) + address % kPageSize;
}

void LocalCall::fill(unsigned at, std::size_t size, bool by_result) {
  const auto address = static_cast<std::uint64_t>(word_[at]);
  std::byte* const local = by_result ? room_like(address, size) : room(size);
  filled_.push_back({address, local, size, by_result});
  place(at, local);
}

Result<void> LocalCall::take(const Target& target, unsigned at, std::size_t size) {
  std::byte* const local = room_like(static_cast<std::uint64_t>(word_[at]), size);
  if (auto read = target.read(local, static_cast<std::uint64_t>(word_[at]), size); !read) {
    return read;
  }
  place(at, local);
  return {};
}

Result<void> LocalCall::take_text(const Target& target, unsigned at) {
  const auto text = target.text(static_cast<std::uint64_t>(word_[at]));
  if (!text) {
    return tl::unexpected(text.error());
  }
  std::byte* const local = room(text->size() + 1);
  std::memcpy(local, text->c_str(), text->size() + 1);
  place(at, local);
  return {};
}

Result<void> LocalCall::take_pieces(const Target& target, unsigned at, bool fills) {
  const auto count = static_cast<std::size_t>(word_[at + 1]);
  if (count > kMostPieces) {
    return fail(EINVAL);
  }
  std::vector<iovec> theirs(count);
  if (auto read = target.read(theirs.data(), static_cast<std::uint64_t>(word_[at]), count * sizeof(iovec)); !read) {
    return read;
  }
  auto* const ours = reinterpret_cast<iovec*>(room(count * sizeof(iovec)));
  std::size_t left = kMostBytes;
  for (std::size_t piece = 0; piece < count; ++piece) {
    const std::size_t size = std::min(theirs[piece].iov_len, left);
    left -= size;
    const auto address = reinterpret_cast<std::uint64_t>(theirs[piece].iov_base);
    std::byte* const local = room_like(address, size);
    if (fills) {
      filled_.push_back({address, local, size, true});
    } else if (auto read = target.read(local, address, size); !read) {
      return read;
    }
    ours[piece] = {local, size};
  }
  place(at, ours);
  return {};
}

Result<void> LocalCall::take_descriptor(const Target& target, unsigned at) {
  auto fd = target.descriptor(static_cast<int>(word_[at]));
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  word_[at] = fd->get();
  descriptors_.push_back(std::move(*fd));
  return {};
}

Result<void> LocalCall::take_directory(const Target& target, unsigned at) {
  auto fd = sys::open(fmt::format("/proc/{}/cwd", target.thread()).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  word_[at] = *fd;
  descriptors_.emplace_back(*fd);
  return {};
}

Result<LocalCall> LocalCall::carry(const Target& target, const Call& call, const Shape& shape,
                                   const std::vector<std::string>& paths, bool bound) {
  LocalCall made;
  made.number_ = call.number;
  std::copy(std::begin(call.word), std::end(call.word), made.word_.begin());
  std::size_t path = 0;
  int code = 0;
  const auto carried = [&code](const Result<void>& done) { code = done ? 0 : done.error().value; };
  for (unsigned at = 0; at < shape.arguments.size() && code == 0; ++at) {
    const bool is_null = made.word_[at] == 0;
    const auto size = at + 1 < made.word_.size()
                          ? std::min<std::size_t>(static_cast<std::size_t>(made.word_[at + 1]), kMostBytes)
                          : 0;
    switch (shape.arguments[at]) {
    case 'D': // an absolute path needs none
      if (bound && static_cast<int>(made.word_[at]) == AT_FDCWD) {
        carried(made.take_directory(target, at));
      } else if (bound ||
                 (path < paths.size() && paths[path].empty() && static_cast<int>(made.word_[at]) != AT_FDCWD)) {
        carried(made.take_descriptor(target, at));
      } else {
        made.word_[at] = AT_FDCWD;
      }
      break;
    case 'P':
      if (path < paths.size()) {
        const std::string& text = paths[path++];
        std::byte* const local = made.room(text.size() + 1);
        std::memcpy(local, text.c_str(), text.size() + 1);
        made.place(at, local);
      }
      break;
    case 'T':
      carried(made.take_text(target, at));
      break;
    case 'F':
      carried(made.take_descriptor(target, at));
      break;
    case 'o':
      made.word_[at + 1] = static_cast<long>(size);
      made.fill(at, size, true);
      break;
    case 'i':
      made.word_[at + 1] = static_cast<long>(size);
      carried(made.take(target, at, size));
      break;
    case 'R':
    case 'W':
      carried(made.take_pieces(target, at, shape.arguments[at] == 'R'));
      break;
    case 'a':
      made.fill(at, sizeof(struct stat), false);
      break;
    case 'x':
      made.fill(at, sizeof(struct statx), false);
      break;
    case 'f':
      made.fill(at, sizeof(struct statfs), false);
      break;
    case 't':
      if (!is_null) {
        carried(made.take(target, at, 2 * sizeof(timespec)));
      }
      break;
    case 'v':
      if (!is_null) {
        carried(made.take(target, at, 2 * sizeof(timeval)));
      }
      break;
    case 'u':
      if (!is_null) {
        carried(made.take(target, at, sizeof(utimbuf)));
      }
      break;
    default:
      break;
    }
  }
  if (code != 0) {
    return fail(code);
  }
  return made;
}

bool LocalCall::is_by_real_user() const {
  return number_ == SYS_access || number_ == SYS_faccessat ||
         (number_ == SYS_faccessat2 && (word_[3] & AT_EACCESS) == 0);
}

void LocalCall::ask_by_file_system_user() {
  if (!is_by_real_user()) {
    return;
  }
  if (number_ == SYS_access) {
    word_ = {AT_FDCWD, word_[0], word_[1]};
  }
  word_[3] = number_ == SYS_faccessat2 ? word_[3] | AT_EACCESS : AT_EACCESS; // the others have no flags
  number_ = SYS_faccessat2;
}

Result<long> LocalCall::make() {
  const auto act_for = [](pid_t program) {
    if (trace::explains()) [[unlikely]] {
      (void)::syscall(trace::kActForCall, program);
    }
  };
  act_for(trace::detail::acting_for);
  errno = 0;
  const long result = ::syscall(number_, word_[0], word_[1], word_[2], word_[3], word_[4], word_[5]);
  const int code = errno;
  act_for(0);
  return result < 0 ? Result<long>(fail(code)) : result;
}

Result<void> LocalCall::carry_back(const Target& target, long result) const {
  auto left = static_cast<std::size_t>(result);
  for (const Filled& piece : filled_) {
    const std::size_t size = piece.by_result ? std::min(piece.size, left) : piece.size;
    left -= piece.by_result ? size : 0;
    if (auto written = target.write(piece.address, piece.from, size); !written) {
      return written;
    }
  }
  return {};
}

} // namespace daxemu::supervise
