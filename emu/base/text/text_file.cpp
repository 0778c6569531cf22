#include "emu/base/text/text_file.hpp"

#include <array>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu {

std::string read_text(const char* path) {
  std::string text;
  const auto raw = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return text;
  }
  const UniqueFd file(*raw);
  for (std::size_t got = 1; got > 0;) {
    constexpr std::size_t kPiece = 16UL << 10;
    const std::size_t size = text.size();
    text.resize(size + kPiece);
    got = sys::pread(file.get(), text.data() + size, kPiece, size).value_or(0);
    text.resize(size + got);
  }
  return text;
}

void each_name(const char* directory, FunctionRef<void(std::string_view)> each) {
  const auto raw = sys::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!raw) {
    return;
  }
  const UniqueFd folder(*raw);
  alignas(struct dirent64) std::array<char, 4096> buffer;
  for (;;) {
    const auto length = sys::call(SYS_getdents64, folder.get(), reinterpret_cast<long>(buffer.data()), buffer.size());
    if (!length || *length == 0) {
      return;
    }
    for (long at = 0; at < *length;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + at);
      each(entry->d_name);
      at += entry->d_reclen;
    }
  }
}

} // namespace daxemu
