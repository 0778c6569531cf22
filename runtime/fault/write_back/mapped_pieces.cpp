#include "runtime/fault/write_back/mapped_pieces.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/processes/process_identity.hpp"
#include "emu/store/processes/process_slots.hpp"

namespace daxemu::fault {
namespace {

// The whole of a file of /proc, which has no size.
Result<std::string> text_of(const std::string& path) {
  const auto opened = sys::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  const UniqueFd fd(*opened);
  std::string text;
  constexpr std::size_t kPiece = 64UL * 1024;
  for (std::size_t length = 0;; text.resize(length)) {
    text.resize(length + kPiece);
    const auto got = sys::pread(fd.get(), text.data() + length, kPiece, length);
    if (!got) {
      return tl::unexpected(got.error());
    }
    length += *got;
    if (*got == 0) {
      text.resize(length);
      return text;
    }
  }
}

// Takes a number and the character behind it off the front of `text`.
std::optional<std::uint64_t> number(std::string_view& text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) {
    return std::nullopt;
  }
  text.remove_prefix(std::min<std::size_t>(static_cast<std::size_t>(end - text.data()) + 1, text.size()));
  return value;
}

// A line of proc(5) maps: START-END PERM OFFSET MAJOR:MINOR INODE PATH. Nothing if it is no mapping of these bytes.
std::optional<MappedPiece> piece_of(std::string_view line, const store::BackingRecord& backing) {
  const auto start = number(line, 16);
  const auto end = number(line, 16);
  line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
  const auto offset = number(line, 16);
  const auto major = number(line, 16);
  const auto minor = number(line, 16);
  const auto inode = number(line, 10);
  if (!start || !end || !offset || !major || !minor || !inode || *inode != backing.st_ino ||
      makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor)) != backing.st_dev) {
    return std::nullopt;
  }
  return MappedPiece{0, *start, *end, *offset};
}

// The processes there are.
std::vector<int> processes() {
  std::vector<int> found;
  DIR* proc = ::opendir("/proc");
  for (const dirent* entry = nullptr; proc != nullptr && (entry = ::readdir(proc)) != nullptr;) {
    const std::string_view name(entry->d_name);
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc() && pid > 0) {
      found.push_back(pid);
    }
  }
  if (proc != nullptr) {
    ::closedir(proc);
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool uses(const store::Store& store, int pid) {
  const auto slots = store.slots();
  return std::any_of(slots.begin(), slots.end(),
                     [&](const store::ProcessSlot& slot) { return slot.pid == pid && store::is_alive(slot); });
}

} // namespace

Result<std::vector<MappedPiece>> mapped_pieces(const store::Store& store, const store::DeviceRecord& device) {
  const store::BackingRecord& backing = device.backing;
  if (backing.kind != store::BackingKind::hugetlb && backing.kind != store::BackingKind::shmem) {
    return fail(ENOTSUP);
  }
  std::vector<MappedPiece> pieces;
  for (const int pid : processes()) {
    const auto maps = text_of("/proc/" + std::to_string(pid) + "/maps");
    if (!maps) { // another user's, or it has just ended
      if (uses(store, pid)) {
        return fail(EACCES);
      }
      continue;
    }
    std::uint64_t process = 0;
    for (std::string_view rest(*maps); !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (auto piece = piece_of(rest.substr(0, end), backing)) {
        process = process == 0 ? store::identity_of(pid) : process;
        piece->process = process;
        pieces.push_back(*piece);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return pieces;
}

} // namespace daxemu::fault
