#include "runtime/preload/nodes/own_maps.hpp"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "emu/base/sys.hpp"

namespace daxemu::preload {
namespace {

constexpr int kNameColumn = 73; // show_map_vma()

} // namespace

bool OwnMaps::is_one(const char* path) noexcept {
  std::string_view text(path);
  constexpr std::string_view kProc = "/proc/";
  constexpr std::string_view kMaps = "/maps";
  if (!text.starts_with(kProc) || !text.ends_with(kMaps)) {
    return false;
  }
  text.remove_prefix(kProc.size());
  text.remove_suffix(kMaps.size());
  if (text == "self" || text == "thread-self") {
    return true;
  }
  int pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return error == std::errc() && end == text.data() + text.size() && pid == sys::getpid();
}

bool OwnMaps::parse(std::string_view line, Range& range) noexcept {
  const char* const end = line.data() + line.size();
  auto got = std::from_chars(line.data(), end, range.start, 16);
  if (got.ec != std::errc() || got.ptr == end || *got.ptr != '-') {
    return false;
  }
  got = std::from_chars(got.ptr + 1, end, range.end, 16);
  constexpr std::ptrdiff_t kRights = 6; // " rw-s "
  if (got.ec != std::errc() || end - got.ptr < kRights) {
    return false;
  }
  range.rights_at = static_cast<std::size_t>(got.ptr - line.data());
  got = std::from_chars(got.ptr + kRights, end, range.offset, 16);
  range.device_at = static_cast<std::size_t>(got.ptr - line.data());
  return got.ec == std::errc();
}

// [from, to) of a mapping that is none of ours.
std::string_view OwnMaps::rest_of(std::string_view line, const Range& range, std::uint64_t from,
                                  std::uint64_t to) noexcept {
  if (from == range.start && to == range.end) {
    return line;
  }
  const bool of_file = range.offset != 0 || line.find('/') != std::string_view::npos;
  constexpr std::size_t kRights = 6;
  const int length = std::snprintf(text_.data(), text_.size(), "%08" PRIx64 "-%08" PRIx64 "%.*s%08" PRIx64 "%.*s", from,
                                   to, static_cast<int>(kRights), line.data() + range.rights_at,
                                   of_file ? range.offset + (from - range.start) : 0,
                                   static_cast<int>(line.size() - range.device_at), line.data() + range.device_at);
  return {text_.data(), std::min(static_cast<std::size_t>(length), text_.size() - 1)};
}

std::string_view OwnMaps::line_of(const fault::Piece& ours) noexcept {
  std::array<char, 48> path{};
  std::snprintf(path.data(), path.size(), "/dev/%s", store_->name_of(ours.view->device()).c_str());
  const auto node = tree_->lookup(path.data());
  const auto about = node ? tree_->stat(*node) : Result<struct stat>(tl::unexpected(node.error()));
  const auto letter = [&ours](int right, char name) {
    return (ours.prot & static_cast<unsigned>(right)) != 0 ? name : '-';
  };
  const int head = std::snprintf(text_.data(), text_.size(),
                                 "%08" PRIx64 "-%08" PRIx64 " %c%c%cs %08" PRIx64 " %02x:%02x %" PRIu64 " ", ours.start,
                                 ours.end, letter(PROT_READ, 'r'), letter(PROT_WRITE, 'w'), letter(PROT_EXEC, 'x'),
                                 ours.file_offset, about ? major(about->st_dev) : 0, about ? minor(about->st_dev) : 0,
                                 about ? static_cast<std::uint64_t>(about->st_ino) : 0);
  const int tail = std::snprintf(text_.data() + head, text_.size() - static_cast<std::size_t>(head), "%*s%s\n",
                                 std::max(0, kNameColumn - head), "", path.data());
  return {text_.data(), static_cast<std::size_t>(head + tail)};
}

} // namespace daxemu::preload
