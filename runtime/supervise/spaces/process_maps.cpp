#include "runtime/supervise/spaces/process_maps.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

namespace daxemu::supervise {
namespace {

struct Query { // struct procmap_query of <linux/fs.h>, Linux 6.11
  std::uint64_t size;
  std::uint64_t query_flags;
  std::uint64_t query_addr;
  std::uint64_t vma_start;
  std::uint64_t vma_end;
  std::uint64_t vma_flags;
  std::uint64_t vma_page_size;
  std::uint64_t vma_offset;
  std::uint64_t inode;
  std::uint32_t dev_major;
  std::uint32_t dev_minor;
  std::uint32_t vma_name_size;
  std::uint32_t build_id_size;
  std::uint64_t vma_name_addr;
  std::uint64_t build_id_addr;
};
constexpr unsigned long kQuery = _IOWR('f', 17, Query); // PROCMAP_QUERY
constexpr std::uint64_t kOrNext = 0x10;                 // PROCMAP_QUERY_COVERING_OR_NEXT_VMA
constexpr std::uint64_t kReadable = 1;
constexpr std::uint64_t kWritable = 2;
constexpr std::uint64_t kExecutable = 4;

} // namespace

Result<ProcessMaps> ProcessMaps::of(pid_t process) {
  const auto opened = sys::open(fmt::format("/proc/{}/maps", process).c_str(), O_RDONLY | O_CLOEXEC);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  ProcessMaps made;
  made.fd_.reset(*opened);
  return made;
}

// `flags` 0: the mapping that has the address. Errors: ENOENT (none), ESRCH (no address space), ENOTTY (Linux 6.10).
Result<void> ProcessMaps::query(const Devices& devices, std::uint64_t address, std::uint64_t flags,
                                std::optional<Piece>& found) const {
  std::array<char, PATH_MAX> name; // NOLINT(cppcoreguidelines-pro-type-member-init): the kernel fills it
  Query query{};
  query.size = sizeof query;
  query.query_addr = address;
  query.query_flags = flags;
  query.vma_name_size = name.size();
  query.vma_name_addr = reinterpret_cast<std::uint64_t>(name.data());
  if (const auto asked = sys::call(SYS_ioctl, fd_.get(), static_cast<long>(kQuery), reinterpret_cast<long>(&query));
      !asked) {
    return tl::unexpected(asked.error());
  }
  Piece piece{query.vma_offset, query.vma_start, query.vma_end, 0, nullptr, false};
  piece.prot = ((query.vma_flags & kReadable) != 0 ? PROT_READ : 0) |
               ((query.vma_flags & kWritable) != 0 ? PROT_WRITE : 0) |
               ((query.vma_flags & kExecutable) != 0 ? PROT_EXEC : 0);
  piece.view = query.inode == 0 ? nullptr : devices.of(::makedev(query.dev_major, query.dev_minor), query.inode);
  const std::string_view named(name.data(), std::min<std::size_t>(query.vma_name_size, name.size()));
  piece.filler = piece.view == nullptr && named.find(kFillerName) != std::string_view::npos;
  found = piece;
  return {};
}

std::optional<Piece> ProcessMaps::at(const Devices& devices, std::uint64_t address) const {
  std::optional<Piece> found;
  const auto asked = query(devices, address, 0, found);
  if (asked || asked.error() == Errno{ENOENT} || asked.error() == Errno{ESRCH}) {
    return found;
  }
  const auto pieces = pieces_of(text(), devices, address, address + 1);
  return pieces.empty() ? std::nullopt : std::optional<Piece>(pieces.front());
}

std::vector<Piece> ProcessMaps::pieces(const Devices& devices, std::uint64_t start, std::uint64_t end) const {
  std::vector<Piece> all;
  for (std::uint64_t at = start;;) {
    std::optional<Piece> next;
    if (const auto asked = query(devices, at, kOrNext, next);
        !asked && asked.error() != Errno{ENOENT} && asked.error() != Errno{ESRCH}) {
      return pieces_of(text(), devices, start, end);
    }
    if (!next || next->start >= end) {
      return all;
    }
    all.push_back(*next);
    at = next->end;
  }
}

std::string ProcessMaps::text() const {
  std::string text;
  for (std::array<char, 8192> part;;) {
    const auto got = sys::pread(fd_.get(), part.data(), part.size(), text.size());
    if (!got || *got == 0) {
      return text;
    }
    text.append(part.data(), *got);
  }
}

} // namespace daxemu::supervise
