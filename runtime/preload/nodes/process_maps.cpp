#include "runtime/preload/nodes/process_maps.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "emu/base/unique_fd.hpp"
#include "runtime/preload/nodes/descriptor_info.hpp"
#include "runtime/preload/nodes/own_maps.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kMemfd = "/memfd:";

// Lines of a file, with a buffer of its own.
class Lines {
public:
  explicit Lines(int fd) : fd_(fd) {}

  // The next line with its newline; empty at the end. A line longer than the buffer comes in pieces.
  std::string_view next() {
    for (;;) {
      const std::string_view held(buffer_.data() + begin_, end_ - begin_);
      if (const std::size_t newline = held.find('\n'); newline != std::string_view::npos) {
        begin_ += newline + 1;
        return held.substr(0, newline + 1);
      }
      if (begin_ > 0) {
        std::memmove(buffer_.data(), held.data(), held.size());
        end_ = held.size();
        begin_ = 0;
        continue;
      }
      const auto got = end_ == buffer_.size() ? Result<long>(0)
                                              : sys::call(SYS_read, fd_, reinterpret_cast<long>(buffer_.data() + end_),
                                                          static_cast<long>(buffer_.size() - end_));
      if (!got || *got <= 0) {
        begin_ = end_;
        return held;
      }
      end_ += static_cast<std::size_t>(*got);
    }
  }

private:
  int fd_;
  std::array<char, 8192> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

bool names_file_of_ours(int fd) {
  Lines lines(fd);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    if (line.find(kMemfd) != std::string_view::npos || line.find(store::kNodeSuffix) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// What follows a mapping's first line in smaps: the page size is the extent's, and dax_mmap() asks for huge pages.
std::string_view adjusted(std::string_view line, std::uint64_t align, std::array<char, 512>& into) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  int length = 0;
  if (name == "KernelPageSize" || name == "MMUPageSize") {
    length = std::snprintf(into.data(), into.size(), "%.*s:%*s%8" PRIu64 " kB\n", static_cast<int>(name.size()),
                           name.data(), static_cast<int>(15 - name.size()), "", align / 1024);
  } else if (name == "VmFlags") {
    // What the backing and the fault engine add is not the device's: no-reserve, hugetlb, userfaultfd.
    constexpr std::string_view kOurs[] = {"nr", "ht", "um", "uw", "ui"};
    constexpr std::string_view kLabel = "VmFlags: ";
    length = std::snprintf(into.data(), into.size(), "%s", kLabel.data());
    for (std::size_t at = kLabel.size(); at + 2 < line.size(); at += 3) {
      const std::string_view flag = line.substr(at, 2);
      if (std::find(std::begin(kOurs), std::end(kOurs), flag) == std::end(kOurs)) {
        length +=
            std::snprintf(into.data() + length, into.size() - static_cast<std::size_t>(length), "%.2s ", flag.data());
      }
    }
    length += std::snprintf(into.data() + length, into.size() - static_cast<std::size_t>(length), "hg \n");
  }
  return {into.data(), static_cast<std::size_t>(length)};
}

using Line = std::array<char, 512>;

bool begins_mapping(std::string_view line) { // and is no "Rss: ..." of the one before
  return line.front() < 'A' || line.front() > 'Z';
}

// The page by which a mapping keeps the device's open file (fault::OpenFiles), as one of device-dax does by itself?
bool is_of_node(std::string_view line, const store::Store& store) {
  const std::size_t suffix = line.find(store::kNodeSuffix);
  if (suffix == std::string_view::npos) {
    return false;
  }
  Line text{};
  std::memcpy(text.data(), line.data(), std::min(line.size(), text.size() - 1));
  unsigned major_number = 0;
  unsigned minor_number = 0;
  std::uint64_t inode = 0;
  if (std::sscanf(text.data(), "%*s %*s %*x %x:%x %" SCNu64, &major_number, &minor_number, &inode) == 3) {
    return store.device_of_node(makedev(major_number, minor_number), inode) != nullptr;
  }
  // numa_maps: "begin policy file=/memfd:dax0.0.node\040(deleted) ..."
  constexpr std::string_view kFile = "file=";
  const std::size_t file = line.find(kFile);
  if (file == std::string_view::npos || file > suffix) {
    return false;
  }
  const std::size_t begin = file + kFile.size();
  const std::string_view path = line.substr(begin, suffix + store::kNodeSuffix.size() - begin);
  const auto devices = store.devices();
  return path.starts_with(kMemfd) ||
         std::any_of(devices.begin(), devices.end(),
                     [path](const store::DeviceRecord& device) { return device.node.location.view() == path; });
}

// "begin-end perms offset major:minor inode   /memfd:..." as it would be for the device's node; empty: as it is.
std::string_view renamed(std::string_view line, const store::Store& store, const sysfs::Tree& tree, Line& into,
                         const store::DeviceRecord*& of) {
  if (begins_mapping(line)) {
    of = nullptr;
  }
  const std::size_t memory_file = line.find(kMemfd);
  const std::size_t name_at = memory_file != std::string_view::npos ? memory_file : line.find('/');
  if (name_at == std::string_view::npos) {
    return {};
  }
  Line text{};
  std::memcpy(text.data(), line.data(), std::min(line.size(), text.size() - 1));
  std::array<char, 64> range{};
  std::array<char, 16> permissions{};
  std::uint64_t offset = 0;
  unsigned major_number = 0;
  unsigned minor_number = 0;
  std::uint64_t inode = 0;
  if (std::sscanf(text.data(), "%63s %15s %" SCNx64 " %x:%x %" SCNu64, range.data(), permissions.data(), &offset,
                  &major_number, &minor_number, &inode) == 6) {
    const auto* device = store.device_of_bytes(makedev(major_number, minor_number), inode);
    if (device == nullptr) {
      return {};
    }
    of = device;
    std::array<char, 48> path{};
    std::snprintf(path.data(), path.size(), "/dev/%s", store.name_of(*device).c_str());
    const auto node = tree.lookup(path.data());
    const auto about = node ? tree.stat(*node) : Result<struct stat>(tl::unexpected(node.error()));
    if (!about) {
      return {};
    }
    // show_map_vma(): the name begins at column 73.
    const int head = std::snprintf(into.data(), into.size(), "%s %s %08" PRIx64 " %02x:%02x %" PRIu64 " ", range.data(),
                                   permissions.data(), offset, major(about->st_dev), minor(about->st_dev),
                                   static_cast<std::uint64_t>(about->st_ino));
    constexpr int kNamesAt = 73;
    const int tail = std::snprintf(into.data() + head, into.size() - static_cast<std::size_t>(head), "%*s%s\n",
                                   std::max(0, kNamesAt - head), "", path.data());
    return {into.data(), static_cast<std::size_t>(head + tail)};
  }
  if (memory_file == std::string_view::npos) {
    return {};
  }
  // numa_maps: "begin policy file=/memfd:dax0.0\040(deleted) ..."
  const std::size_t begin = name_at + kMemfd.size();
  const std::size_t end = std::min(line.find_first_of("\\ \n", begin), line.size());
  const std::string_view name = line.substr(begin, end - begin);
  if (store.device_named(name) == nullptr) {
    return {};
  }
  constexpr std::string_view kDeletedMark = "\\040(deleted)";
  const std::size_t rest = line.substr(end).starts_with(kDeletedMark) ? end + kDeletedMark.size() : end;
  const int length = std::snprintf(into.data(), into.size(), "%.*s/dev/%.*s%.*s", static_cast<int>(name_at),
                                   line.data(), static_cast<int>(name.size()), name.data(),
                                   static_cast<int>(line.size() - rest), line.data() + rest);
  return {into.data(), std::min(static_cast<std::size_t>(length), into.size() - 1)};
}

} // namespace

bool ProcessMaps::is_one(const char* path) noexcept {
  constexpr std::string_view kProc = "/proc/";
  if (std::strncmp(path, kProc.data(), kProc.size()) != 0) {
    return false;
  }
  const std::string_view text(path);
  return text.ends_with("/maps") || text.ends_with("/smaps") || text.ends_with("/numa_maps") ||
         is_descriptor_info(path);
}

Result<int> ProcessMaps::open(const char* path, int flags) const noexcept {
  if (is_descriptor_info(path)) {
    return open_descriptor_info(path, flags, *store_, *tree_);
  }
  if ((flags & (O_ACCMODE | O_PATH | O_DIRECTORY)) != O_RDONLY) {
    return -1;
  }
  auto real = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!real) {
    return tl::unexpected(real.error());
  }
  const UniqueFd source(*real);
  if (!names_file_of_ours(source.get()) || !sys::call(SYS_lseek, source.get(), 0, SEEK_SET)) {
    return -1;
  }
  auto made = sys::memfd_create("maps", (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);
  if (!made) {
    return tl::unexpected(made.error());
  }
  UniqueFd copy(*made);
  std::uint64_t at = 0;
  Lines lines(source.get());
  Line changed;
  const store::DeviceRecord* of = nullptr; // the device whose mapping the lines are about
  if (space_ != nullptr && OwnMaps::is_one(path)) {
    OwnMaps own(*store_, *tree_, *space_);
    Result<void> written;
    const auto print = [&](std::string_view text) {
      if (auto put = sys::pwrite(copy.get(), text.data(), text.size(), at); !put) {
        written = tl::unexpected(put.error());
      }
      at += text.size();
    };
    for (std::string_view line = lines.next(); !line.empty() && written; line = lines.next()) {
      if (!is_of_node(line, *store_)) {
        own.translate(line, print);
      }
    }
    return written ? Result<int>(copy.release()) : tl::unexpected(written.error());
  }
  bool hidden = false;
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    hidden = begins_mapping(line) ? is_of_node(line, *store_) : hidden;
    if (hidden) {
      continue;
    }
    std::string_view shown = renamed(line, *store_, *tree_, changed, of);
    if (shown.empty() && of != nullptr) {
      shown = adjusted(line, of->align, changed);
    }
    const std::string_view text = shown.empty() ? line : shown;
    if (auto written = sys::pwrite(copy.get(), text.data(), text.size(), at); !written) {
      return tl::unexpected(written.error());
    }
    at += text.size();
  }
  return copy.release();
}

} // namespace daxemu::preload
